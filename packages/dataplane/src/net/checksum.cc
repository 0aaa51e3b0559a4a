/** Checksums. The summing loop is built for several instruction sets, chosen at start. */
#include "net/checksum.h"

#include <arpa/inet.h>

#include "base/bytes.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MULTI_ISA [[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]]
#else
#define MULTI_ISA
#endif

namespace xfrmd {

MULTI_ISA uint64_t checksum_add(const uint8_t* data, size_t length, uint64_t sum) {
  uint64_t words = 0;
  const size_t count = length / 4;
  for (size_t i = 0; i < count; i++) words += load_raw<uint32_t>(data + 4 * i);
  if (const size_t rest = length & 3; rest != 0) {
    uint32_t last = 0;
    std::memcpy(&last, data + 4 * count, rest);
    words += last;
  }
  return sum + words;
}

uint64_t pseudo_header_sum(const uint8_t* ip, uint8_t protocol, size_t upper_length) {
  const bool is_v4 = (ip[0] >> 4) == 4;
  const uint64_t addresses = is_v4 ? checksum_add(ip + 12, 8, 0) : checksum_add(ip + 8, 32, 0);
  const auto length = static_cast<uint32_t>(upper_length);
  return addresses + htons(protocol) + htons(static_cast<uint16_t>(length >> 16)) + htons(static_cast<uint16_t>(length));
}

void checksum_replace16(uint8_t* field, uint16_t before, uint16_t after) {
  // HC' = ~(~HC + ~m + m'), RFC 1624 equation 3.
  const auto old_sum = static_cast<uint16_t>(~load_raw<uint16_t>(field));
  const uint64_t sum = static_cast<uint64_t>(old_sum) + static_cast<uint16_t>(~before) + after;
  store_raw(field, static_cast<uint16_t>(~checksum_fold(sum)));
}

void store_ipv4_checksum(uint8_t* ip, size_t header_length) {
  store_raw<uint16_t>(ip + 10, 0);
  store_raw(ip + 10, static_cast<uint16_t>(~checksum_fold(checksum_add(ip, header_length, 0))));
}

}  // namespace xfrmd
