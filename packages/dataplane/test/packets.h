/** Well-formed inner packets for tests. */
#pragma once
#include <netinet/in.h>

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "net/checksum.h"

namespace packets {

inline void finish_upper(std::vector<uint8_t>& packet, size_t upper, uint8_t protocol, size_t field) {
  using namespace xfrmd;
  store_raw<uint16_t>(&packet[upper + field], 0);
  const size_t length = packet.size() - upper;
  const auto sum = static_cast<uint16_t>(~checksum_fold(checksum_add(&packet[upper], length, pseudo_header_sum(packet.data(), protocol, length))));
  store_raw(&packet[upper + field], sum);
}

inline std::vector<uint8_t> ip_header(int version, uint8_t protocol, size_t upper_length) {
  using namespace xfrmd;
  std::vector<uint8_t> packet(version == 4 ? 20 : 40);
  if (version == 4) {
    packet[0] = 0x45;
    store16(&packet[2], static_cast<uint16_t>(20 + upper_length));
    store16(&packet[4], 100);
    packet[6] = 0x40;
    packet[8] = 64;
    packet[9] = protocol;
    store32(&packet[12], 0x0a010001);
    store32(&packet[16], 0x0a020001);
    store_ipv4_checksum(packet.data(), 20);
  } else {
    packet[0] = 0x60;
    store16(&packet[4], static_cast<uint16_t>(upper_length));
    packet[6] = protocol;
    packet[7] = 64;
    packet[8] = packet[24] = 0xfd;
    packet[23] = 1;
    packet[39] = 2;
  }
  return packet;
}

/** `options` must be a multiple of four bytes. */
inline std::vector<uint8_t> tcp(int version, uint32_t sequence, size_t payload, uint8_t flags = 0x10, std::vector<uint8_t> options = {}) {
  using namespace xfrmd;
  auto packet = ip_header(version, IPPROTO_TCP, 20 + options.size() + payload);
  const size_t upper = packet.size();
  packet.resize(upper + 20);
  store16(&packet[upper], 40000);
  store16(&packet[upper + 2], 5001);
  store32(&packet[upper + 4], sequence);
  store32(&packet[upper + 8], 7);
  packet[upper + 12] = static_cast<uint8_t>((20 + options.size()) / 4 << 4);
  packet[upper + 13] = flags;
  store16(&packet[upper + 14], 502);
  packet.insert(packet.end(), options.begin(), options.end());
  for (size_t i = 0; i < payload; i++) packet.push_back(static_cast<uint8_t>(sequence + i));
  finish_upper(packet, upper, IPPROTO_TCP, 16);
  return packet;
}

inline std::vector<uint8_t> udp(int version, size_t payload) {
  using namespace xfrmd;
  auto packet = ip_header(version, IPPROTO_UDP, 8 + payload);
  const size_t upper = packet.size();
  packet.resize(upper + 8);
  store16(&packet[upper], 40000);
  store16(&packet[upper + 2], 53);
  store16(&packet[upper + 4], static_cast<uint16_t>(8 + payload));
  for (size_t i = 0; i < payload; i++) packet.push_back(static_cast<uint8_t>(i * 7));
  finish_upper(packet, upper, IPPROTO_UDP, 6);
  return packet;
}

}  // namespace packets
