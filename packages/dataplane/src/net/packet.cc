/** IPv4 (RFC 791) and IPv6 (RFC 8200) header walks. */
#include "net/packet.h"

#include "base/bytes.h"
#include "net/checksum.h"

namespace xfrmd {
namespace {

// More extension headers than any sane sender uses; a longer chain is treated as an unknown upper layer.
constexpr int kMaxExtensionHeaders = 8;

bool is_skippable_extension(uint8_t protocol) {
  return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS;
}

std::optional<Packet> parse_ipv4(std::span<uint8_t> bytes) {
  if (bytes.size() < kIpv4Header) return std::nullopt;
  Packet packet;
  packet.version = 4;
  packet.data = bytes.data();
  packet.length = load16(&bytes[2]);
  packet.upper = static_cast<size_t>(bytes[0] & 15) * 4;
  if (packet.upper < kIpv4Header || packet.length < packet.upper || packet.length > bytes.size()) return std::nullopt;
  packet.protocol = bytes[9];
  const uint16_t fragment = load16(&bytes[6]);
  packet.is_fragment = (fragment & 0x3fff) != 0;
  packet.has_upper = (fragment & 0x1fff) == 0;
  return packet;
}

std::optional<Packet> parse_ipv6(std::span<uint8_t> bytes) {
  if (bytes.size() < kIpv6Header) return std::nullopt;
  Packet packet;
  packet.version = 6;
  packet.data = bytes.data();
  packet.length = kIpv6Header + load16(&bytes[4]);
  if (packet.length > bytes.size()) return std::nullopt;
  packet.upper = kIpv6Header;
  packet.protocol = bytes[6];
  packet.has_upper = true;
  for (int i = 0; i < kMaxExtensionHeaders; i++) {
    const bool is_fragment_header = packet.protocol == IPPROTO_FRAGMENT;
    if (!is_fragment_header && !is_skippable_extension(packet.protocol)) return packet;
    if (packet.upper_length() < 8) break;
    const uint8_t* header = packet.data + packet.upper;
    const size_t size = is_fragment_header ? 8 : (static_cast<size_t>(header[1]) + 1) * 8;
    if (packet.upper_length() < size) break;
    if (is_fragment_header) {
      packet.is_fragment = true;
      if ((load16(header + 2) & 0xfff8) != 0) packet.has_upper = false;
    }
    packet.protocol = header[0];
    packet.upper += size;
    if (!packet.has_upper) return packet;
  }
  packet.has_upper = false;
  return packet;
}

}  // namespace

std::optional<Packet> parse_packet(std::span<uint8_t> bytes) {
  if (bytes.empty()) return std::nullopt;
  switch (bytes[0] >> 4) {
    case 4: return parse_ipv4(bytes);
    case 6: return parse_ipv6(bytes);
    default: return std::nullopt;
  }
}

void Packet::set_traffic_class(uint8_t value) {
  const auto before = load_raw<uint16_t>(data);
  if (version == 4) {
    data[1] = value;
    checksum_replace16(data + 10, before, load_raw<uint16_t>(data));
  } else {
    data[0] = static_cast<uint8_t>((data[0] & 0xf0) | value >> 4);
    data[1] = static_cast<uint8_t>((data[1] & 0x0f) | value << 4);
  }
}

}  // namespace xfrmd
