/**
 * Sequences of decrypted packets through the coalescer. What it writes, split again as a kernel would split it, must be the
 * very packets that went in, in order within each flow.
 */
#include "net/coalesce.h"

#include <algorithm>
#include <map>

#include "net/segment.h"
#include "require.h"
#include "same_packet.h"

using namespace xfrmd;

namespace {

using Flows = std::map<std::vector<uint8_t>, std::vector<std::vector<uint8_t>>>;

/** Order matters within one pair of addresses, protocol and ports. */
void record(Flows& flows, const Packet& packet) {
  std::vector<uint8_t> flow(packet.source(), packet.source() + (packet.version == 4 ? 8 : 32));
  flow.push_back(packet.protocol);
  if (packet.has_upper && packet.upper_length() >= 4) flow.insert(flow.end(), packet.data + packet.upper, packet.data + packet.upper + 4);
  flows[flow].push_back(fuzz::essence(packet));
}

class Splitter final : public FrameSink {
 public:
  Flows flows;

  void write_frame(void*, std::span<const iovec> parts) override {
    VirtioHeader virtio;
    REQUIRE(parts.size() >= 2 && parts[0].iov_len == sizeof virtio);
    std::memcpy(&virtio, parts[0].iov_base, sizeof virtio);
    std::vector<uint8_t> frame;
    for (const iovec& part : parts.subspan(1))
      frame.insert(frame.end(), static_cast<const uint8_t*>(part.iov_base), static_cast<const uint8_t*>(part.iov_base) + part.iov_len);
    const size_t length = frame.size();
    frame.resize(length + kTailRoom);
    const auto packet = parse_packet({frame.data(), length});
    REQUIRE(packet && packet->length == length);
    if (virtio.gso_type == kVirtioGsoNone) return record(flows, *packet);
    auto segmenter = Segmenter::make(*packet, virtio);
    REQUIRE(segmenter && segmenter->count() > 1);
    while (const auto segment = segmenter->next()) {
      const auto single = parse_packet(*segment);
      REQUIRE(single && fuzz::has_valid_checksum(*single));
      record(flows, *single);
    }
  }
};

/** Packets made by hand seldom have a right checksum; with this they do, so that merging is reached. */
void repair(const Packet& packet) {
  const size_t field = fuzz::checksum_field(packet);
  if (field == 0 || packet.is_fragment || !packet.has_upper) return;
  store_raw<uint16_t>(packet.data + field, 0);
  if (packet.protocol == IPPROTO_UDP) store16(packet.data + packet.upper + 4, static_cast<uint16_t>(packet.upper_length()));
  const uint64_t pseudo = pseudo_header_sum(packet.data, packet.protocol, packet.upper_length());
  const auto sum = static_cast<uint16_t>(~checksum_fold(checksum_add(packet.data + packet.upper, packet.upper_length(), pseudo)));
  store_raw<uint16_t>(packet.data + field, sum == 0 && packet.protocol == IPPROTO_UDP ? 0xffff : sum);
}

}  // namespace

/** First byte: 1 repairs checksums, 2 merges UDP. Then packets, each behind its length in two bytes. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 65'536) return 0;
  const bool repairs = (data[0] & 1) != 0, merges_udp = (data[0] & 2) != 0;
  Splitter sink;
  Flows given;
  Coalescer coalescer(sink);
  std::vector<std::vector<uint8_t>> kept;
  kept.reserve(128);
  for (size_t at = 1; at + 2 <= size && kept.size() < 128;) {
    const size_t length = std::min<size_t>(load16(data + at), size - at - 2);
    kept.emplace_back(data + at + 2, data + at + 2 + length);
    at += 2 + length;
    const auto packet = parse_packet(kept.back());
    if (!packet) continue;
    if (repairs) repair(*packet);
    record(given, *packet);
    coalescer.add(nullptr, *packet, merges_udp);
  }
  coalescer.flush();
  REQUIRE(sink.flows == given);
  return 0;
}
