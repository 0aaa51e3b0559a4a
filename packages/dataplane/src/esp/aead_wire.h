/** What an AEAD sees of an ESP packet besides its body: nonce and associated data (RFC 4106 §4 and §5, RFC 4543, RFC 7634). */
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace xfrmd {

inline constexpr size_t kAeadHeader = 16;  // SPI, sequence number, IV
inline constexpr size_t kNonceSize = 12, kSaltSize = 4;
inline constexpr size_t kMaxAssociatedData = 12;

/** SPI, sequence number and IV. The IV is the 64-bit number: unique for the life of a key, as RFC 4106 §3.1 asks. */
inline void write_aead_header(uint8_t* out, uint32_t spi, uint64_t sequence) {
  store_raw(out, spi);
  store32(out + 4, static_cast<uint32_t>(sequence));
  store64(out + 8, sequence);
}

/** The salt, which is the last four octets of the key as XFRM messages have it, and the IV. */
inline void write_nonce(uint8_t* out, const uint8_t* salt, const uint8_t* packet) {
  std::memcpy(out, salt, kSaltSize);
  std::memcpy(out + kSaltSize, packet + 8, 8);
}

/** SPI and sequence number, with ESN all 64 bits of it. Returns the length. */
inline size_t write_associated_data(uint8_t* out, const uint8_t* packet, bool is_extended, uint32_t sequence_high) {
  std::memcpy(out, packet, 4);
  if (!is_extended) {
    std::memcpy(out + 4, packet + 4, 4);
    return 8;
  }
  store32(out + 4, sequence_high);
  std::memcpy(out + 8, packet + 4, 4);
  return 12;
}

}  // namespace xfrmd
