/** ESP with a cipher and a separate HMAC: encrypt, then authenticate SPI to ciphertext (and the high sequence bits with ESN). */
#pragma once
#include "esp/openssl_handles.h"
#include "esp/transform.h"

namespace xfrmd {

class CipherHmacTransform final : public Transform {
 public:
  static std::unique_ptr<CipherHmacTransform> make(TransformKeys keys, bool extended_sequence);
  bool seal(uint32_t spi, uint64_t sequence, std::span<const uint8_t> plain, uint8_t* out) override;
  bool open(std::span<uint8_t> packet, uint32_t sequence_high) override;

 private:
  CipherHmacTransform(TransformKeys keys, Cipher cipher, MacContext mac, bool extended);
  CipherContext make_context(bool encrypts) const;
  bool write_iv(uint8_t* iv, uint64_t sequence);
  bool crypt(CipherContext& context, bool encrypts, const uint8_t* iv, const uint8_t* in, size_t size, uint8_t* out);
  bool authenticate(std::span<const uint8_t> covered, uint32_t sequence_high, uint8_t* digest);

  static constexpr size_t kIvPool = 4096;
  TransformKeys keys_;
  Cipher cipher_;  // empty for NULL encryption
  MacContext mac_;  // empty without integrity
  CipherContext encrypt_, decrypt_;
  std::unique_ptr<uint8_t[]> iv_pool_;  // unpredictable IVs (RFC 3602 §3), drawn from the generator in bulk
  size_t iv_pool_left_ = 0;
};

}  // namespace xfrmd
