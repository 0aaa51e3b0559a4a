/** Copies to the captures that want a packet. The outer headers are made anew: sockets neither show nor take them. */
#include "capture/tap.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "net/checksum.h"

namespace xfrmd {
namespace {

constexpr size_t kUdpHeader = 8;

struct OuterBytes {
  uint8_t bytes[40 + kUdpHeader] = {};
  size_t size = 0;
};

/** What the kernel puts in front, as far as it is known here: the identification is its own choice. */
OuterBytes outer_bytes(const OuterHeader& outer, OuterMarking marking, std::span<const uint8_t> esp) {
  OuterBytes made;
  const uint8_t hop_limit = marking.hop_limit == 0 ? kUsualHopLimit : marking.hop_limit;
  const bool is_v4 = outer.destination.address.family == AF_INET;
  const size_t udp = outer.is_raw() ? 0 : kUdpHeader, ip = is_v4 ? 20 : 40;
  const uint8_t protocol = outer.is_raw() ? IPPROTO_ESP : IPPROTO_UDP;
  uint8_t* at = made.bytes;
  made.size = ip + udp;
  std::memcpy(at + (is_v4 ? 12 : 8), outer.source.address.bytes.data(), is_v4 ? 4 : 16);
  std::memcpy(at + (is_v4 ? 16 : 24), outer.destination.address.bytes.data(), is_v4 ? 4 : 16);
  if (is_v4) {
    at[0] = 0x45;
    at[1] = marking.traffic_class;
    store16(at + 2, static_cast<uint16_t>(made.size + esp.size()));
    at[6] = marking.may_fragment ? 0 : 0x40;
    at[8] = hop_limit;
    at[9] = protocol;
    store_ipv4_checksum(at, ip);
  } else {
    store32(at, 0x60000000 | uint32_t{marking.traffic_class} << 20);
    store16(at + 4, static_cast<uint16_t>(udp + esp.size()));
    at[6] = protocol;
    at[7] = hop_limit;
  }
  if (udp == 0) return made;
  store16(at + ip, outer.source.port);
  store16(at + ip + 2, outer.destination.port);
  store16(at + ip + 4, static_cast<uint16_t>(udp + esp.size()));
  const uint64_t sum = checksum_add(esp.data(), esp.size(), checksum_add(at + ip, udp, pseudo_header_sum(at, protocol, udp + esp.size())));
  const auto checksum = static_cast<uint16_t>(~checksum_fold(sum));
  store_raw<uint16_t>(at + ip + 6, checksum == 0 ? uint16_t{0xffff} : checksum);
  return made;
}

FlowKey flow_of(const OuterHeader& outer) {
  FlowKey flow;
  flow.family = outer.destination.address.family;
  std::memcpy(flow.source, outer.source.address.bytes.data(), sizeof flow.source);
  std::memcpy(flow.destination, outer.destination.address.bytes.data(), sizeof flow.destination);
  flow.protocol = outer.is_raw() ? IPPROTO_ESP : IPPROTO_UDP;
  flow.source_port = swap_if_little(outer.source.port);
  flow.destination_port = swap_if_little(outer.destination.port);
  return flow;
}

}  // namespace

void Tap::see_inner(uint32_t if_id, bool is_inbound, std::span<uint8_t> packet) const {
  for (const auto& capture : *captures_) {
    if (!capture->wants(CaptureSide::Inner, if_id)) continue;
    const auto parsed = parse_packet(packet);
    if (parsed && capture->settings.filter.takes(FlowKey::of(*parsed))) capture->offer(producer_, is_inbound, {}, packet, wall_nanoseconds());
  }
}

void Tap::see_outer(const Sa* sa, bool is_inbound, const OuterHeader& outer, OuterMarking marking, std::span<const uint8_t> esp) const {
  const std::optional<uint32_t> if_id = sa == nullptr ? std::nullopt : std::optional(sa->config.if_id);
  for (const auto& capture : *captures_) {
    if (!capture->wants(CaptureSide::Outer, if_id) || !capture->settings.filter.takes(flow_of(outer))) continue;
    const OuterBytes head = outer_bytes(outer, marking, esp);
    capture->offer(producer_, is_inbound, {head.bytes, head.size}, esp, wall_nanoseconds());
  }
}

}  // namespace xfrmd
