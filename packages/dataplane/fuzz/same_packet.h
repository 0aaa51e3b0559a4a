/** Compares inner packets as a receiver would: what segmentation may legally change (IPv4 ID under DF, checksums) left out. */
#pragma once
#include <netinet/in.h>

#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "net/checksum.h"
#include "net/packet.h"

namespace fuzz {

inline size_t checksum_field(const xfrmd::Packet& packet) {
  if (packet.protocol == IPPROTO_TCP && packet.upper_length() >= 20) return packet.upper + 16;
  if (packet.protocol == IPPROTO_UDP && packet.upper_length() >= 8) return packet.upper + 6;
  return 0;
}

inline bool has_valid_checksum(const xfrmd::Packet& packet) {
  const uint64_t pseudo = xfrmd::pseudo_header_sum(packet.data, packet.protocol, packet.upper_length());
  return xfrmd::checksum_fold(xfrmd::checksum_add(packet.data + packet.upper, packet.upper_length(), pseudo)) == 0xffff;
}

/** The packet without what may differ. */
inline std::vector<uint8_t> essence(const xfrmd::Packet& packet) {
  std::vector<uint8_t> bytes(packet.data, packet.data + packet.length);
  if (packet.version == 4) {
    std::memset(&bytes[10], 0, 2);
    if ((bytes[6] & 0x40) != 0) std::memset(&bytes[4], 0, 2);
  }
  if (const size_t field = checksum_field(packet); field != 0 && !packet.is_fragment && packet.has_upper) std::memset(&bytes[field], 0, 2);
  return bytes;
}

}  // namespace fuzz
