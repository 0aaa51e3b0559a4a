/** Captures in JSON. */
#include "control/capture_methods.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/bytes.h"

namespace xfrmd {
namespace {

constexpr uint64_t kMinSnap = 64, kMaxSnap = 65'535;
constexpr uint64_t kMinFileBytes = 128 * 1024, kMaxBytes = uint64_t{64} << 30, kUsualBytes = 64 << 20, kMaxFiles = 16;
constexpr size_t kLongestName = 64;

Address parse_address(const Json& given) {
  const std::string* text = given.as_string();
  uint8_t bytes[16];
  if (text != nullptr)
    for (const uint16_t family : {AF_INET, AF_INET6})
      if (::inet_pton(family, text->c_str(), bytes) == 1) return Address::from_bytes(family, bytes);
  throw MethodError("invalid-parameter", "filter.address must be an IPv4 or IPv6 address");
}

CaptureFilter parse_filter(const Json& given) {
  if (given.as_object() == nullptr) throw MethodError("invalid-parameter", "filter must be an object");
  for (const auto& [name, value] : *given.as_object())
    if (name != "protocol" && name != "port" && name != "address") throw MethodError("invalid-parameter", "filter has protocol, address and port, not " + name);
  CaptureFilter filter;
  filter.protocol = static_cast<uint8_t>(integer_of(given, "protocol", 1, 255, 0));
  filter.port = swap_if_little(static_cast<uint16_t>(integer_of(given, "port", 1, 65'535, 0)));
  if (const Json* address = given.find("address")) filter.address = parse_address(*address);
  return filter;
}

CaptureSide parse_side(const Json& params) {
  const Json* given = params.find("side");
  const std::string* side = given == nullptr ? nullptr : given->as_string();
  if (side != nullptr && *side == "inner") return CaptureSide::Inner;
  if (side != nullptr && *side == "outer") return CaptureSide::Outer;
  throw MethodError("invalid-parameter", "side must be inner or outer");
}

}  // namespace

/** It becomes a file's name. */
std::string parse_capture_name(const Json& params) {
  const Json* given = params.find("name");
  const std::string* name = given == nullptr ? nullptr : given->as_string();
  constexpr const char* kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  if (name == nullptr || name->empty() || name->size() > kLongestName || name->find_first_not_of(kAllowed) != std::string::npos)
    throw MethodError("invalid-parameter", "name must be 1 to 64 letters, digits, '-' or '_'");
  return *name;
}

CaptureSettings parse_capture(const Json& params) {
  CaptureSettings settings;
  settings.name = parse_capture_name(params);
  settings.side = parse_side(params);
  if (params.find("ifId") != nullptr) settings.if_id = static_cast<uint32_t>(integer_of(params, "ifId", 0, UINT32_MAX));
  settings.snap_length = static_cast<uint32_t>(integer_of(params, "snapLength", kMinSnap, kMaxSnap, kMaxSnap));
  settings.files = static_cast<uint32_t>(integer_of(params, "files", 1, kMaxFiles, 1));
  settings.max_bytes = integer_of(params, "maxBytes", kMinFileBytes * settings.files, kMaxBytes, std::max(kUsualBytes, kMinFileBytes * settings.files));
  if (const Json* filter = params.find("filter")) settings.filter = parse_filter(*filter);
  return settings;
}

Json describe(const CaptureWriter& writer) {
  const CaptureSettings& settings = writer.capture()->settings;
  const CaptureWriter::Progress progress = writer.progress();
  Json::Array paths;
  for (const std::string& path : writer.paths()) paths.push_back(path);
  Json::Object described{{"name", settings.name},
                         {"side", settings.side == CaptureSide::Inner ? "inner" : "outer"},
                         {"paths", paths},
                         {"packets", progress.packets},
                         {"bytes", progress.bytes},
                         {"dropped", progress.dropped},
                         {"isFull", progress.is_full}};
  if (settings.if_id) described["ifId"] = *settings.if_id;
  if (progress.error != 0) described["error"] = std::strerror(progress.error);
  return described;
}

}  // namespace xfrmd
