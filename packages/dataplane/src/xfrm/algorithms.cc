/** xfrm_algo, xfrm_algo_auth and xfrm_algo_aead: a name, a length in bits, the key behind. */
#include "xfrm/algorithms.h"

#include <cstring>

namespace xfrmd {
namespace {

constexpr size_t kNameSize = 64;
constexpr size_t kMaxAuthKey = 128;  // the largest HMAC block, SHA-512
// Shorter ICVs than 64 bits are no protection (RFC 8221 has none); the kernel would take them.
constexpr size_t kMinIcvBits = 64;

std::string_view name_of(Bytes value) {
  const auto* text = reinterpret_cast<const char*>(value.data());
  return {text, strnlen(text, kNameSize - 1)};
}

/** The key behind a structure of `header` bytes whose key length in bits stands right after the name. */
Bytes key_of(Bytes value, size_t header) {
  const uint32_t bits = load_raw<uint32_t>(value.data() + kNameSize);
  const size_t bytes = (size_t{bits} + 7) / 8;
  if (value.size() - header < bytes) throw Refusal(EINVAL, "key shorter than its length says");
  return value.subspan(header, bytes);
}

void take_aead(Bytes value, TransformKeys& keys) {
  keys.encryption = find_aead(name_of(value));
  const uint32_t icv_bits = load_raw<uint32_t>(value.data() + kNameSize + 4);
  // Only AES-GCM has short ICVs (the kernel's aead_list).
  const bool is_short = icv_bits == 64 || icv_bits == 96;
  if (keys.encryption == nullptr || (icv_bits != 128 && !(is_short && keys.encryption->kernel_name == "rfc4106(gcm(aes))")))
    throw Refusal(ENOSYS, "unknown combined-mode algorithm");
  keys.icv_bytes = icv_bits / 8;
  keys.encryption_key = SecretBytes(key_of(value, sizeof(xfrm_algo_aead)));
}

void take_integrity(const Attributes& attributes, TransformKeys& keys) {
  const bool is_truncated = attributes.has(XFRMA_ALG_AUTH_TRUNC);
  const Bytes value = attributes.get(is_truncated ? XFRMA_ALG_AUTH_TRUNC : XFRMA_ALG_AUTH);
  keys.integrity = find_integrity(name_of(value));
  if (keys.integrity == nullptr) throw Refusal(ENOSYS, "unknown integrity algorithm");
  const uint32_t asked = is_truncated ? load_raw<uint32_t>(value.data() + kNameSize + 4) : 0;
  const size_t bits = asked == 0 ? keys.integrity->default_truncated_bits : asked;
  if (bits > keys.integrity->full_bits || bits < kMinIcvBits || bits % 8 != 0) throw Refusal(EINVAL, "ICV length does not fit");
  keys.icv_bytes = bits / 8;
  keys.integrity_key = SecretBytes(key_of(value, is_truncated ? sizeof(xfrm_algo_auth) : sizeof(xfrm_algo)));
  if (keys.integrity_key.size() == 0 || keys.integrity_key.size() > kMaxAuthKey) throw Refusal(EINVAL, "integrity key length does not fit");
}

}  // namespace

TransformKeys parse_algorithms(const Attributes& attributes) {
  const bool has_auth = attributes.has(XFRMA_ALG_AUTH) || attributes.has(XFRMA_ALG_AUTH_TRUNC);
  const bool has_crypt = attributes.has(XFRMA_ALG_CRYPT);
  TransformKeys keys;
  if (attributes.has(XFRMA_ALG_AEAD)) {
    if (has_auth || has_crypt) throw Refusal(EINVAL, "combined-mode algorithm with another one");
    take_aead(attributes.get(XFRMA_ALG_AEAD), keys);
  } else {
    // The kernel would take encryption without integrity; such packets can be altered at will, so it is refused here.
    if (!has_crypt || !has_auth) throw Refusal(EINVAL, "encryption and integrity are both needed");
    take_integrity(attributes, keys);
    const Bytes value = attributes.get(XFRMA_ALG_CRYPT);
    keys.encryption = find_encryption(name_of(value));
    if (keys.encryption == nullptr) throw Refusal(ENOSYS, "unknown encryption algorithm");
    keys.encryption_key = SecretBytes(key_of(value, sizeof(xfrm_algo)));
  }
  const size_t salt = keys.encryption->salt, size = keys.encryption_key.size();
  if (size < salt || !allows_key_size(*keys.encryption, size - salt)) throw Refusal(EINVAL, "key length does not fit the algorithm");
  return keys;
}

}  // namespace xfrmd
