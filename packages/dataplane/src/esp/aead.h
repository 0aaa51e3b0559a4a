/** ESP with a combined-mode cipher: AES-GCM (RFC 4106), ChaCha20-Poly1305 (RFC 7634), and AES-GMAC (RFC 4543), which only authenticates. */
#pragma once
#include "esp/openssl_handles.h"
#include "esp/transform.h"

namespace xfrmd {

class AeadTransform final : public Transform {
 public:
  static std::unique_ptr<AeadTransform> make(TransformKeys keys, bool extended_sequence);
  ~AeadTransform() override;
  bool seal(uint32_t spi, uint64_t sequence, std::span<const uint8_t> plain, uint8_t* out) override;
  bool open(std::span<uint8_t> packet, uint32_t sequence_high) override;

 private:
  AeadTransform(TransformKeys keys, Cipher cipher, bool extended);
  CipherContext make_context(bool encrypts) const;
  bool start(EVP_CIPHER_CTX* context, const uint8_t* packet, uint32_t sequence_high, size_t size) const;

  TransformKeys keys_;
  Cipher cipher_;
  const bool encrypts_;
  // Made at first use: an SA is used in one direction only, and a context with its key schedule is about 1 KB.
  CipherContext encrypt_, decrypt_;
};

}  // namespace xfrmd
