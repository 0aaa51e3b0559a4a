/** CBC, CTR and NULL with HMAC. The ICV is compared in constant time before anything is decrypted. */
#include "esp/cipher_hmac.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "base/bytes.h"

namespace xfrmd {
namespace {

using Kind = EncryptionAlgorithm::Kind;
constexpr size_t kMaxDigest = 64;

MacContext make_hmac(const IntegrityAlgorithm& algorithm, std::span<const uint8_t> key) {
  const Mac hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (hmac == nullptr) return nullptr;
  MacContext context(EVP_MAC_CTX_new(hmac.get()));
  std::string digest(algorithm.digest);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  if (context == nullptr || EVP_MAC_init(context.get(), key.data(), key.size(), parameters) != 1) return nullptr;
  return context;
}

}  // namespace

std::unique_ptr<CipherHmacTransform> CipherHmacTransform::make(TransformKeys keys, bool extended_sequence) {
  Cipher cipher;
  if (keys.encryption->kind != Kind::Null) {
    const size_t key_size = keys.encryption_key.size() - keys.encryption->salt;
    cipher = fetch_cipher(*keys.encryption, key_size);
    if (cipher == nullptr) return nullptr;
  }
  MacContext mac;
  if (keys.integrity != nullptr) {
    mac = make_hmac(*keys.integrity, keys.integrity_key.view());
    if (mac == nullptr) return nullptr;
  }
  return std::unique_ptr<CipherHmacTransform>(new CipherHmacTransform(std::move(keys), std::move(cipher), std::move(mac), extended_sequence));
}

CipherHmacTransform::CipherHmacTransform(TransformKeys keys, Cipher cipher, MacContext mac, bool extended)
    : Transform(keys.encryption->block, keys.encryption->iv, keys.icv_bytes, extended),
      keys_(std::move(keys)),
      cipher_(std::move(cipher)),
      mac_(std::move(mac)) {}

CipherContext CipherHmacTransform::make_context(bool encrypts) const {
  CipherContext context(EVP_CIPHER_CTX_new());
  if (context == nullptr || EVP_CipherInit_ex2(context.get(), cipher_.get(), keys_.encryption_key.view().data(), nullptr, encrypts, nullptr) != 1)
    return nullptr;
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  return context;
}

bool CipherHmacTransform::write_iv(uint8_t* iv, uint64_t sequence) {
  if (iv_ == 0) return true;
  if (keys_.encryption->kind == Kind::Counter) {
    store64(iv, sequence);  // only uniqueness is asked for (RFC 3686 §2.1)
    return true;
  }
  if (iv_pool_left_ < iv_) {
    if (iv_pool_ == nullptr) iv_pool_ = std::make_unique<uint8_t[]>(kIvPool);
    if (RAND_bytes(iv_pool_.get(), kIvPool) != 1) return false;
    iv_pool_left_ = kIvPool;
  }
  iv_pool_left_ -= iv_;
  std::memcpy(iv, iv_pool_.get() + iv_pool_left_, iv_);
  return true;
}

bool CipherHmacTransform::crypt(CipherContext& context, bool encrypts, const uint8_t* iv, const uint8_t* in, size_t size, uint8_t* out) {
  if (cipher_ == nullptr) {
    if (out != in) std::memcpy(out, in, size);
    return true;
  }
  if (context == nullptr && (context = make_context(encrypts)) == nullptr) return false;
  uint8_t counter_block[16];
  if (keys_.encryption->kind == Kind::Counter) {
    const auto key = keys_.encryption_key.view();
    std::memcpy(counter_block, key.data() + key.size() - 4, 4);
    std::memcpy(counter_block + 4, iv, 8);
    store32(counter_block + 12, 1);
    iv = counter_block;
  }
  int written = 0;
  return EVP_CipherInit_ex2(context.get(), nullptr, nullptr, iv, -1, nullptr) == 1 &&
         EVP_CipherUpdate(context.get(), out, &written, in, static_cast<int>(size)) == 1 && written == static_cast<int>(size);
}

bool CipherHmacTransform::authenticate(std::span<const uint8_t> covered, uint32_t sequence_high, uint8_t* digest) {
  uint8_t high[4];
  store32(high, sequence_high);
  size_t size = 0;
  return EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 && EVP_MAC_update(mac_.get(), covered.data(), covered.size()) == 1 &&
         (!extended_ || EVP_MAC_update(mac_.get(), high, sizeof high) == 1) && EVP_MAC_final(mac_.get(), digest, &size, kMaxDigest) == 1 &&
         size >= icv_;
}

bool CipherHmacTransform::seal(uint32_t spi, uint64_t sequence, std::span<const uint8_t> plain, uint8_t* out) {
  store_raw(out, spi);
  store32(out + 4, static_cast<uint32_t>(sequence));
  uint8_t* iv = out + 8;
  uint8_t* body = iv + iv_;
  if (!write_iv(iv, sequence) || !crypt(encrypt_, true, iv, plain.data(), plain.size(), body)) return false;
  if (mac_ == nullptr) return true;
  uint8_t digest[kMaxDigest];
  if (!authenticate({out, 8 + iv_ + plain.size()}, static_cast<uint32_t>(sequence >> 32), digest)) return false;
  std::memcpy(body + plain.size(), digest, icv_);
  return true;
}

bool CipherHmacTransform::open(std::span<uint8_t> packet, uint32_t sequence_high) {
  const size_t size = packet.size() - overhead();
  if (size % block_ != 0) return false;
  if (mac_ != nullptr) {
    uint8_t digest[kMaxDigest];
    const auto covered = packet.first(packet.size() - icv_);
    if (!authenticate(covered, sequence_high, digest)) return false;
    if (CRYPTO_memcmp(digest, packet.data() + covered.size(), icv_) != 0) return false;
  }
  uint8_t* body = packet.data() + 8 + iv_;
  return crypt(decrypt_, false, packet.data() + 8, body, size, body);
}

}  // namespace xfrmd
