/** Seal and open. Decryption comes before the ICV is known to be right; callers look at nothing of a packet that was refused. */
#include "esp/gcm_ipsec_mb.h"

#include <openssl/crypto.h>

#include "esp/aead_wire.h"

namespace xfrmd {

std::unique_ptr<IpsecMbGcmTransform> IpsecMbGcmTransform::make(const TransformKeys& keys, bool extended_sequence) {
  const IpsecMb* library = IpsecMb::find();
  const IpsecMb::Gcm* gcm = library == nullptr ? nullptr : library->gcm(keys.encryption_key.size() - keys.encryption->salt);
  if (gcm == nullptr) return nullptr;
  return std::unique_ptr<IpsecMbGcmTransform>(new IpsecMbGcmTransform(keys, *gcm, extended_sequence));
}

IpsecMbGcmTransform::IpsecMbGcmTransform(const TransformKeys& keys, const IpsecMb::Gcm& gcm, bool extended)
    : Transform(keys.encryption->block, keys.encryption->iv, keys.icv_bytes, extended), gcm_(gcm) {
  const auto key = keys.encryption_key.view();
  gcm_.expand(key.data(), state_.key_data);
  std::memcpy(state_.salt, key.data() + key.size() - kSaltSize, kSaltSize);
}

IpsecMbGcmTransform::~IpsecMbGcmTransform() { OPENSSL_cleanse(&state_, sizeof state_); }

bool IpsecMbGcmTransform::seal(uint32_t spi, uint64_t sequence, std::span<const uint8_t> plain, uint8_t* out) {
  uint8_t nonce[kNonceSize], associated[kMaxAssociatedData];
  write_aead_header(out, spi, sequence);
  write_nonce(nonce, state_.salt, out);
  const size_t associated_size = write_associated_data(associated, out, extended_, static_cast<uint32_t>(sequence >> 32));
  uint8_t* body = out + kAeadHeader;
  gcm_.encrypt(state_.key_data, state_.context, body, plain.data(), plain.size(), nonce, associated, associated_size, body + plain.size(), icv_);
  return true;
}

bool IpsecMbGcmTransform::open(std::span<uint8_t> packet, uint32_t sequence_high) {
  uint8_t nonce[kNonceSize], associated[kMaxAssociatedData], expected[16];
  write_nonce(nonce, state_.salt, packet.data());
  const size_t associated_size = write_associated_data(associated, packet.data(), extended_, sequence_high);
  uint8_t* body = packet.data() + kAeadHeader;
  const size_t size = packet.size() - overhead();
  gcm_.decrypt(state_.key_data, state_.context, body, body, size, nonce, associated, associated_size, expected, icv_);
  return CRYPTO_memcmp(expected, body + size, icv_) == 0;
}

}  // namespace xfrmd
