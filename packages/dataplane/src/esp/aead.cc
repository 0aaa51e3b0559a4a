/** AEAD seal and open with OpenSSL. */
#include "esp/aead.h"

#include "esp/aead_wire.h"

namespace xfrmd {

std::unique_ptr<AeadTransform> AeadTransform::make(TransformKeys keys, bool extended_sequence) {
  const size_t key_size = keys.encryption_key.size() - keys.encryption->salt;
  Cipher cipher = fetch_cipher(*keys.encryption, key_size);
  if (cipher == nullptr) return nullptr;
  return std::unique_ptr<AeadTransform>(new AeadTransform(std::move(keys), std::move(cipher), extended_sequence));
}

AeadTransform::AeadTransform(TransformKeys keys, Cipher cipher, bool extended)
    : Transform(keys.encryption->block, keys.encryption->iv, keys.icv_bytes, extended), keys_(std::move(keys)), cipher_(std::move(cipher)),
      encrypts_(keys_.encryption->kind == EncryptionAlgorithm::Kind::Aead) {}

AeadTransform::~AeadTransform() = default;

CipherContext AeadTransform::make_context(bool encrypts) const {
  CipherContext context(EVP_CIPHER_CTX_new());
  if (context == nullptr || EVP_CipherInit_ex2(context.get(), cipher_.get(), keys_.encryption_key.view().data(), nullptr, encrypts, nullptr) != 1)
    return nullptr;
  return context;
}

/** Sets the nonce and feeds what is authenticated in clear: the header, and with GMAC the IV and the payload as well (RFC 4543 §3.3). */
bool AeadTransform::start(EVP_CIPHER_CTX* context, const uint8_t* packet, uint32_t sequence_high, size_t size) const {
  const auto key = keys_.encryption_key.view();
  uint8_t iv[kNonceSize], aad[kMaxAssociatedData];
  write_nonce(iv, key.data() + key.size() - kSaltSize, packet);
  const size_t aad_size = write_associated_data(aad, packet, extended_, sequence_high);
  int written = 0;
  return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, iv, -1) == 1 &&
         EVP_CipherUpdate(context, nullptr, &written, aad, static_cast<int>(aad_size)) == 1 &&
         (encrypts_ || EVP_CipherUpdate(context, nullptr, &written, packet + 8, static_cast<int>(iv_ + size)) == 1);
}

bool AeadTransform::seal(uint32_t spi, uint64_t sequence, std::span<const uint8_t> plain, uint8_t* out) {
  if (encrypt_ == nullptr && (encrypt_ = make_context(true)) == nullptr) return false;
  write_aead_header(out, spi, sequence);
  EVP_CIPHER_CTX* context = encrypt_.get();
  uint8_t* body = out + kAeadHeader;
  if (!encrypts_) std::memcpy(body, plain.data(), plain.size());
  int written = 0;
  return start(context, out, static_cast<uint32_t>(sequence >> 32), plain.size()) &&
         (!encrypts_ || EVP_EncryptUpdate(context, body, &written, plain.data(), static_cast<int>(plain.size())) == 1) &&
         EVP_EncryptFinal_ex(context, body + plain.size(), &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(icv_), body + plain.size()) == 1;
}

bool AeadTransform::open(std::span<uint8_t> packet, uint32_t sequence_high) {
  if (decrypt_ == nullptr && (decrypt_ = make_context(false)) == nullptr) return false;
  EVP_CIPHER_CTX* context = decrypt_.get();
  uint8_t* body = packet.data() + kAeadHeader;
  const size_t size = packet.size() - overhead();
  int written = 0;
  return start(context, packet.data(), sequence_high, size) &&
         (!encrypts_ || EVP_DecryptUpdate(context, body, &written, body, static_cast<int>(size)) == 1) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(icv_), body + size) == 1 &&
         EVP_DecryptFinal_ex(context, body + size, &written) == 1;
}

}  // namespace xfrmd
