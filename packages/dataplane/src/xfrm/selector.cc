/** Prefix, protocol and port comparison. */
#include "xfrm/selector.h"

#include <arpa/inet.h>

#include "base/bytes.h"

namespace xfrmd {
namespace {

bool has_prefix(const uint8_t* address, const xfrm_address_t& prefix, unsigned bits) {
  const auto* wanted = reinterpret_cast<const uint8_t*>(&prefix);
  const unsigned whole = bits / 8;
  if (std::memcmp(address, wanted, whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address[whole] ^ wanted[whole]) >> (8 - rest)) == 0;
}

bool has_ports(uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE || protocol == IPPROTO_SCTP ||
         protocol == IPPROTO_DCCP;
}

}  // namespace

FlowKey FlowKey::of(const Packet& packet) {
  FlowKey flow;
  flow.family = packet.family();
  const size_t size = packet.version == 4 ? 4 : 16;
  std::memcpy(flow.source, packet.source(), size);
  std::memcpy(flow.destination, packet.destination(), size);
  flow.protocol = packet.protocol;
  if (!packet.has_upper || packet.upper_length() < 4) return flow;
  const uint8_t* upper = packet.data + packet.upper;
  if (has_ports(packet.protocol)) {
    flow.source_port = load_raw<uint16_t>(upper);
    flow.destination_port = load_raw<uint16_t>(upper + 2);
  } else if (packet.protocol == IPPROTO_ICMP || packet.protocol == IPPROTO_ICMPV6) {
    flow.source_port = htons(upper[0]);
    flow.destination_port = htons(upper[1]);
  }
  return flow;
}

bool Selector::matches(const FlowKey& flow) const {
  if (is_empty()) return true;
  return raw_.family == flow.family && has_prefix(flow.source, raw_.saddr, raw_.prefixlen_s) &&
         has_prefix(flow.destination, raw_.daddr, raw_.prefixlen_d) && (raw_.proto == 0 || raw_.proto == flow.protocol) &&
         ((raw_.sport ^ flow.source_port) & raw_.sport_mask) == 0 && ((raw_.dport ^ flow.destination_port) & raw_.dport_mask) == 0;
}

}  // namespace xfrmd
