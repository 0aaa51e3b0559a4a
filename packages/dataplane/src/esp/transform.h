/**
 * Seals and opens the body of one ESP packet (RFC 4303): cipher, integrity, IV. Knows nothing of sequence windows, padding
 * rules beyond the block size, or inner packets. One transform belongs to one SA and is used by one worker at a time.
 */
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "esp/secret.h"
#include "esp/suite.h"

namespace xfrmd {

struct TransformKeys {
  const EncryptionAlgorithm* encryption = nullptr;
  const IntegrityAlgorithm* integrity = nullptr;  // absent with an AEAD
  SecretBytes encryption_key;                     // the salt at its end, as in XFRM messages
  SecretBytes integrity_key;
  size_t icv_bytes = 0;
};

class Transform {
 public:
  virtual ~Transform() = default;
  Transform(const Transform&) = delete;
  Transform& operator=(const Transform&) = delete;

  /** Nothing when OpenSSL lacks the algorithm. Key sizes were checked by the caller. */
  static std::unique_ptr<Transform> make(TransformKeys keys, bool extended_sequence);

  size_t block() const { return block_; }
  size_t iv_size() const { return iv_; }
  size_t icv_size() const { return icv_; }
  /** Bytes around the padded plaintext: SPI, sequence number, IV and ICV. */
  size_t overhead() const { return 8 + iv_ + icv_; }

  /** Writes SPI, sequence number, IV, ciphertext and ICV to `out` (plain.size() + overhead() bytes); false on a cipher failure. */
  virtual bool seal(uint32_t spi, uint64_t sequence, std::span<const uint8_t> plain, uint8_t* out) = 0;

  /**
   * Checks and decrypts in place; `packet` starts at the SPI, and the caller made sure that it is at least overhead() + block() long.
   * The plaintext is what lies between the IV and the ICV.
   */
  virtual bool open(std::span<uint8_t> packet, uint32_t sequence_high) = 0;

 protected:
  Transform(size_t block, size_t iv, size_t icv, bool extended) : block_(block), iv_(iv), icv_(icv), extended_(extended) {}
  const size_t block_, iv_, icv_;
  const bool extended_;
};

}  // namespace xfrmd
