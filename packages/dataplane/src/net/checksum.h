/** The Internet checksum (RFC 1071), its pseudo-headers, and updates in place (RFC 1624). */
#pragma once
#include <cstddef>
#include <cstdint>

namespace xfrmd {

/** Sum of native-order words on top of `sum`, unfolded. A chunk other than the last must have even length. */
uint64_t checksum_add(const uint8_t* data, size_t length, uint64_t sum);

/** Folds to 16 bits, not complemented; store the complement as it is (native order). */
inline uint16_t checksum_fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

/** Unfolded pseudo-header sum of an IPv4 or IPv6 packet for `protocol` and an upper-layer length. */
uint64_t pseudo_header_sum(const uint8_t* ip, uint8_t protocol, size_t upper_length);

/** Replaces `before` by `after` (both as stored on the wire) in the checksum field at `field`. */
void checksum_replace16(uint8_t* field, uint16_t before, uint16_t after);

/** Computes and stores an IPv4 header checksum. */
void store_ipv4_checksum(uint8_t* ip, size_t header_length);

}  // namespace xfrmd
