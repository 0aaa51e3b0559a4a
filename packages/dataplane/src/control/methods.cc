/** health, createTunnel, deleteTunnel, listTunnels, statistics; captures are described in capture_methods.h. */
#include "control/methods.h"

#include <unistd.h>

#include <cstdio>

#include "base/clock.h"
#include "control/capture_methods.h"
#include "esp/gcm_library.h"

namespace xfrmd {
namespace {

// IPv6 needs 1280; below 576 nothing useful fits. The upper bound is what a TUN takes.
constexpr uint64_t kMinMtu = 576, kMaxMtu = 65'535;
constexpr uint64_t kMinMss = 88, kMaxMss = 65'495;

std::string spi_text(uint32_t spi) {
  char text[9];
  snprintf(text, sizeof text, "%08x", swap_if_little(spi));
  return text;
}

Json describe(const Tun& tun) {
  return Json::Object{{"ifId", tun.if_id},
                      {"name", tun.name},
                      {"mtu", uint32_t{tun.mtu.load(std::memory_order_relaxed)}},
                      {"mssClamp", uint32_t{tun.mss_clamp.load(std::memory_order_relaxed)}},
                      {"counters", Json::Object{{"receivedPackets", tun.counters.received_packets.get()},
                                                {"receivedBytes", tun.counters.received_bytes.get()},
                                                {"transmittedPackets", tun.counters.transmitted_packets.get()},
                                                {"transmittedBytes", tun.counters.transmitted_bytes.get()}}}};
}

Json describe(const SaRecord& record) {
  const Sa& sa = *record.sa;
  const OuterHeader& outer = *sa.outer.load(std::memory_order_acquire);
  return Json::Object{{"spi", spi_text(sa.config.key.spi)},
                      {"source", outer.source.text()},
                      {"destination", outer.destination.text()},
                      {"ifId", sa.config.if_id},
                      {"reqid", sa.config.reqid},
                      {"bytes", sa.bytes.get()},
                      {"packets", sa.packets.get()},
                      {"replayDrops", sa.replay_drops.get()},
                      {"integrityDrops", sa.integrity_drops.get()},
                      {"replayWindow", sa.replay.size()},
                      {"extendedSequence", sa.extended()},
                      {"pathMtu", sa.path_mtu.load(std::memory_order_relaxed)},
                      {"lastSent", sa.last_sent.load(std::memory_order_relaxed)},
                      {"lastReceived", sa.replay.top()},
                      {"ageSeconds", steady_seconds() - record.added_steady},
                      {"lastUsedSeconds", wall_of(sa.use.last())}};
}

}  // namespace

Methods::Methods(DataPlane& plane, XfrmService& service, XfrmServer& server, const Confinement& confinement, Recorder& recorder)
    : plane_(plane), service_(service), server_(server), confinement_(confinement), recorder_(recorder), started_at_(steady_seconds()) {}

Json Methods::call(const std::string& method, const Json& params) {
  if (method == "health") return health();
  if (method == "createTunnel") return create_tunnel(params);
  if (method == "deleteTunnel") return delete_tunnel(params);
  if (method == "listTunnels") return list_tunnels();
  if (method == "statistics") return statistics();
  if (method == "startCapture") return describe(recorder_.start(parse_capture(params)));
  if (method == "stopCapture") return stop_capture(params);
  if (method == "listCaptures") return list_captures();
  throw MethodError("unknown-method", "unknown method " + method);
}

Json Methods::health() const {
  Json::Array clients, sockets;
  for (const auto& [pid, process] : server_.processes())
    clients.push_back(Json::Object{{"pid", static_cast<uint64_t>(pid)},
                                   {"connections", uint64_t{process.connections}},
                                   {"ikeChannels", uint64_t{process.channels}},
                                   {"listensToEvents", process.listens}});
  for (const auto& socket : plane_.sockets())
    sockets.push_back(Json::Object{{"address", socket->local.address.text()}, {"port", uint32_t{socket->local.port}}, {"pid", socket->owner_pid}});
  return Json::Object{{"version", XFRMD_VERSION},
                      {"pid", static_cast<uint64_t>(::getpid())},
                      {"uptimeSeconds", steady_seconds() - started_at_},
                      {"xfrmClients", clients},
                      {"udpSockets", sockets},
                      {"workers", uint64_t{plane_.worker_count()}},
                      {"confinement", Json::Object{{"systemCalls", confinement_.filters_system_calls},
                                                   {"files", confinement_.landlock_version > 0},
                                                   {"missing", confinement_.missing}}},
                      {"aesGcm", Json::Object{{"library", gcm_library_name(gcm_library())}, {"version", describe_gcm_library(gcm_library())}}}};
}

Json Methods::create_tunnel(const Json& params) {
  TunnelSettings settings;
  settings.if_id = static_cast<uint32_t>(integer_of(params, "ifId", 0, UINT32_MAX));
  const Json* name = params.find("name");
  if (name == nullptr || name->as_string() == nullptr || !is_interface_name(*name->as_string()))
    throw MethodError("invalid-parameter", "name must be an interface name of 1 to 15 letters, digits, '-', '_' or '.'");
  settings.name = *name->as_string();
  settings.mtu = static_cast<unsigned>(integer_of(params, "mtu", kMinMtu, kMaxMtu));
  const Json* clamp = params.find("mssClamp");
  const bool is_off = clamp == nullptr || (clamp->as_integer() != nullptr && *clamp->as_integer() == 0);
  settings.mss_clamp = is_off ? uint16_t{0} : static_cast<uint16_t>(integer_of(params, "mssClamp", kMinMss, kMaxMss));
  return describe(plane_.create_tunnel(settings));
}

Json Methods::delete_tunnel(const Json& params) {
  plane_.delete_tunnel(static_cast<uint32_t>(integer_of(params, "ifId", 0, UINT32_MAX)));
  return Json::Object{};
}

Json Methods::list_tunnels() const {
  Json::Array tunnels;
  for (const auto& [if_id, tun] : plane_.tunnels())
    if (tun->is_alive()) tunnels.push_back(describe(*tun));
  return tunnels;
}

Json Methods::stop_capture(const Json& params) {
  const std::string name = parse_capture_name(params);
  const auto stopped = recorder_.stop(name);
  if (stopped == nullptr) throw MethodError("not-found", "no capture " + name);
  return describe(*stopped);
}

Json Methods::list_captures() const {
  Json::Array captures;
  for (const auto& [name, writer] : recorder_.running()) captures.push_back(describe(*writer));
  return captures;
}

Json Methods::statistics() {
  Json::Object drops;
  for (size_t cause = 0; cause < kDropNames.size(); cause++) drops[kDropNames[cause]] = plane_.drops(cause);
  Json::Array sas;
  for (const auto& [key, record] : service_.sad().all())
    if (!record.is_larval()) sas.push_back(describe(record));
  Json::Array tunnels;
  for (const auto& [if_id, tun] : plane_.tunnels()) tunnels.push_back(describe(*tun));
  return Json::Object{{"drops", drops},
                      {"securityAssociations", sas},
                      {"tunnels", tunnels},
                      {"policies", uint64_t{service_.spd().size()}},
                      {"segmentationFallbacks", plane_.segmentation_fallbacks()}};
}

}  // namespace xfrmd
