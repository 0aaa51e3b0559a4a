/** Header reconstruction; checksums of RFC 9293, 768 and 4443 over the addresses of the outer header. */
#include "engine/transport.h"

#include <netinet/in.h>

#include <cstring>

#include "base/bytes.h"
#include "net/checksum.h"

namespace xfrmd {
namespace {

constexpr uint8_t kDontFragment = 0x40;

struct UpperLayer {
  size_t minimum, checksum;
};

/** Protocols whose checksum covers the addresses. Not UDP-Lite and DCCP, which cover a part they name: behind a NAT their receiver refuses them. */
std::optional<UpperLayer> checksummed(uint8_t version, uint8_t protocol) {
  if (protocol == IPPROTO_TCP) return UpperLayer{20, 16};
  if (protocol == IPPROTO_UDP) return UpperLayer{8, 6};
  if (protocol == IPPROTO_ICMPV6 && version == 6) return UpperLayer{4, 2};
  return std::nullopt;
}

void write_header(uint8_t* ip, size_t upper_length, const TransportArrival& arrival) {
  if (arrival.source.family == AF_INET) {
    std::memset(ip, 0, kIpv4Header);
    ip[0] = 0x45;
    ip[1] = arrival.traffic_class;
    store16(ip + 2, static_cast<uint16_t>(kIpv4Header + upper_length));
    ip[6] = kDontFragment;  // and so no identification is needed (RFC 6864)
    ip[8] = arrival.hop_limit;
    ip[9] = arrival.protocol;
    std::memcpy(ip + 12, arrival.source.bytes.data(), 4);
    std::memcpy(ip + 16, arrival.destination.bytes.data(), 4);
    store_ipv4_checksum(ip, kIpv4Header);
    return;
  }
  std::memset(ip, 0, kIpv6Header);
  ip[0] = static_cast<uint8_t>(0x60 | arrival.traffic_class >> 4);
  ip[1] = static_cast<uint8_t>(arrival.traffic_class << 4);
  store16(ip + 4, static_cast<uint16_t>(upper_length));
  ip[6] = arrival.protocol;
  ip[7] = arrival.hop_limit;
  std::memcpy(ip + 8, arrival.source.bytes.data(), 16);
  std::memcpy(ip + 24, arrival.destination.bytes.data(), 16);
}

/** And no other extension header, which would be for routers, or change where the packet goes. */
bool has_destination_options_alone(const Packet& packet) {
  if (packet.version != 6 || packet.data[6] != IPPROTO_DSTOPTS || packet.upper <= kIpv6Header) return false;
  const uint8_t* options = packet.data + kIpv6Header;
  return options[0] == packet.protocol && packet.upper == kIpv6Header + (size_t{options[1]} + 1) * 8;
}

/** False when there is no whole header to hold one. */
bool renew_checksum(Packet& packet) {
  const auto layer = checksummed(packet.version, packet.protocol);
  if (!layer) return true;
  if (packet.upper_length() < layer->minimum) return false;
  uint8_t* field = packet.data + packet.upper + layer->checksum;
  const bool is_udp = packet.protocol == IPPROTO_UDP;
  if (is_udp && load_raw<uint16_t>(field) == 0) return true;  // its sender made none
  size_t covered = packet.upper_length();
  if (is_udp) {
    const size_t claimed = load16(packet.data + packet.upper + 4);
    if (claimed < layer->minimum || claimed > covered) return false;
    covered = claimed;
  }
  store_raw<uint16_t>(field, 0);
  const uint64_t pseudo = pseudo_header_sum(packet.data, packet.protocol, covered);
  const auto sum = static_cast<uint16_t>(~checksum_fold(checksum_add(packet.data + packet.upper, covered, pseudo)));
  store_raw(field, is_udp && sum == 0 ? uint16_t{0xffff} : sum);
  return true;
}

}  // namespace

bool is_between_ends(const OuterHeader& outer, const Packet& packet) {
  const Address &source = outer.source.address, &destination = outer.destination.address;
  return packet.family() == source.family && std::memcmp(packet.source(), source.bytes.data(), source.size()) == 0 &&
         std::memcmp(packet.destination(), destination.bytes.data(), source.size()) == 0;
}

std::optional<EspPayload> transport_payload(const Packet& packet, Drop& cause) {
  const size_t header = packet.version == 4 ? kIpv4Header : kIpv6Header;
  cause = packet.is_fragment ? Drop::TransportFragment : Drop::TransportOptions;
  if (packet.is_fragment) return std::nullopt;
  if (packet.upper == header) return EspPayload{header, packet.protocol};
  if (has_destination_options_alone(packet)) return EspPayload{header, IPPROTO_DSTOPTS};
  return std::nullopt;
}

std::optional<Packet> restore_transport(uint8_t* buffer, size_t upper_length, const TransportArrival& arrival, Drop& cause) {
  const size_t header = arrival.source.family == AF_INET ? kIpv4Header : kIpv6Header;
  cause = Drop::MalformedInner;
  if (upper_length > UINT16_MAX - header) return std::nullopt;
  uint8_t* ip = buffer + kTransportHeaderRoom - header;
  write_header(ip, upper_length, arrival);
  auto packet = parse_packet({ip, header + upper_length});
  if (!packet) return std::nullopt;
  if (packet->is_fragment) {
    cause = Drop::TransportFragment;
    return std::nullopt;
  }
  if ((packet->upper != header && !has_destination_options_alone(*packet)) || !packet->has_upper) {
    cause = Drop::TransportOptions;
    return std::nullopt;
  }
  if (arrival.is_encapsulated && !renew_checksum(*packet)) return std::nullopt;
  return packet;
}

}  // namespace xfrmd
