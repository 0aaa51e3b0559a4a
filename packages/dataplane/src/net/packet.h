/**
 * Reads the headers of one inner IP packet. Everything in it comes from a host we do not trust: all lengths are checked
 * against the bytes that are there, and nothing else in the engine looks at a header that was not parsed here.
 */
#pragma once
#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <span>

namespace xfrmd {

/** Without options, and without extension headers. */
inline constexpr size_t kIpv4Header = 20, kIpv6Header = 40;

struct Packet {
  uint8_t* data = nullptr;
  size_t length = 0;         // the IP header's own total length, never more than what was received
  uint8_t version = 0;       // 4 or 6
  uint8_t protocol = 0;      // of the upper layer, after IPv6 extension headers
  bool is_fragment = false;  // any fragment, the first included
  bool has_upper = false;    // the upper-layer header starts in this packet
  size_t upper = 0;          // offset of the upper layer

  size_t upper_length() const { return length - upper; }
  uint16_t family() const { return version == 4 ? AF_INET : AF_INET6; }
  const uint8_t* source() const { return data + (version == 4 ? 12 : 8); }
  const uint8_t* destination() const { return data + (version == 4 ? 16 : 24); }
  /** TOS or traffic class. */
  uint8_t traffic_class() const { return version == 4 ? data[1] : static_cast<uint8_t>(data[0] << 4 | data[1] >> 4); }
  void set_traffic_class(uint8_t value);
  /** TTL or hop limit. */
  uint8_t hop_limit() const { return version == 4 ? data[8] : data[7]; }
};

/** Nothing when the bytes are not a whole IPv4 or IPv6 packet. */
std::optional<Packet> parse_packet(std::span<uint8_t> bytes);

}  // namespace xfrmd
