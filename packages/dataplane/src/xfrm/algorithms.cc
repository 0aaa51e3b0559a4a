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

size_t key_bytes(Bytes value) { return (size_t{load_raw<uint32_t>(value.data() + kNameSize)} + 7) / 8; }

/** The key behind a structure of `header` bytes whose key length in bits stands right after the name. */
Bytes key_of(Bytes value, size_t header) { return value.subspan(header, key_bytes(value)); }

void verify_length(const Attributes& attributes, unsigned type, size_t header, const char* words) {
  if (!attributes.has(type)) return;
  const Bytes value = attributes.get(type);
  if (value.size() - header < key_bytes(value)) throw Refusal(EINVAL, words);
}

void take_aead(Bytes value, TransformKeys& keys) {
  keys.encryption = find_aead(name_of(value));
  const uint32_t icv_bits = load_raw<uint32_t>(value.data() + kNameSize + 4);
  // Only AES-GCM has short ICVs (the kernel's aead_list).
  const bool is_short = icv_bits == 64 || icv_bits == 96;
  if (keys.encryption == nullptr || (icv_bits != 128 && !(is_short && keys.encryption->kernel_name == "rfc4106(gcm(aes))")))
    throw Refusal(ENOSYS, "Requested AEAD algorithm not found");
  keys.icv_bytes = icv_bits / 8;
  keys.encryption_key = SecretBytes(key_of(value, sizeof(xfrm_algo_aead)));
}

void take_integrity(const Attributes& attributes, TransformKeys& keys) {
  const bool is_truncated = attributes.has(XFRMA_ALG_AUTH_TRUNC);
  const Bytes value = attributes.get(is_truncated ? XFRMA_ALG_AUTH_TRUNC : XFRMA_ALG_AUTH);
  keys.integrity = find_integrity(name_of(value));
  if (keys.integrity == nullptr)
    throw Refusal(ENOSYS, is_truncated ? "Requested AUTH_TRUNC algorithm not found" : "Requested AUTH algorithm not found");
  const uint32_t asked = is_truncated ? load_raw<uint32_t>(value.data() + kNameSize + 4) : 0;
  const size_t bits = asked == 0 ? keys.integrity->default_truncated_bits : asked;
  if (bits > keys.integrity->full_bits || bits < kMinIcvBits || bits % 8 != 0) throw Refusal(EINVAL, "Invalid length requested for truncated ICV");
  keys.icv_bytes = bits / 8;
  keys.integrity_key = SecretBytes(key_of(value, is_truncated ? sizeof(xfrm_algo_auth) : sizeof(xfrm_algo)));
  if (keys.integrity_key.size() == 0 || keys.integrity_key.size() > kMaxAuthKey) throw Refusal(EINVAL, "Integrity key length does not fit");
}

void take_encryption(const Attributes& attributes, TransformKeys& keys) {
  const Bytes value = attributes.get(XFRMA_ALG_CRYPT);
  keys.encryption = find_encryption(name_of(value));
  if (keys.encryption == nullptr) throw Refusal(ENOSYS, "Requested CRYPT algorithm not found");
  keys.encryption_key = SecretBytes(key_of(value, sizeof(xfrm_algo)));
}

/** Wiped when it goes, unlike a plain MessageWriter. */
struct SecretWriter {
  std::vector<uint8_t> bytes;
  ~SecretWriter() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

  template <class Header>
  void add(uint16_t type, Header header, std::string_view name, const SecretBytes& key) {
    std::memcpy(header.alg_name, name.data(), std::min(name.size(), kNameSize - 1));
    header.alg_key_len = static_cast<unsigned>(key.size() * 8);
    const size_t length = sizeof(rtattr) + sizeof header + key.size(), at = bytes.size();
    bytes.resize(at + RTA_ALIGN(length));
    store_raw(bytes.data() + at, rtattr{static_cast<unsigned short>(length), type});
    store_raw(bytes.data() + at + sizeof(rtattr), header);
    if (key.size() != 0) std::memcpy(bytes.data() + at + length - key.size(), key.view().data(), key.size());
  }
};

}  // namespace

void verify_algorithms(const Attributes& attributes) {
  const bool has_auth = attributes.has(XFRMA_ALG_AUTH) || attributes.has(XFRMA_ALG_AUTH_TRUNC);
  const bool has_crypt = attributes.has(XFRMA_ALG_CRYPT), has_aead = attributes.has(XFRMA_ALG_AEAD);
  if (attributes.has(XFRMA_ALG_COMP)) throw Refusal(EINVAL, "Invalid attribute for ESP: COMP");
  if (!has_auth && !has_crypt && !has_aead)
    throw Refusal(EINVAL, "Missing required attribute for ESP: at least one of AUTH, AUTH_TRUNC, CRYPT, AEAD");
  if (has_aead && (has_auth || has_crypt))
    throw Refusal(EINVAL, "Invalid attribute combination for ESP: AEAD can't be used with AUTH, AUTH_TRUNC, CRYPT");
  verify_length(attributes, XFRMA_ALG_AEAD, sizeof(xfrm_algo_aead), "Invalid AEAD attribute length");
  verify_length(attributes, XFRMA_ALG_AUTH_TRUNC, sizeof(xfrm_algo_auth), "Invalid AUTH_TRUNC attribute length");
  verify_length(attributes, XFRMA_ALG_AUTH, sizeof(xfrm_algo), "Invalid AUTH/CRYPT/COMP attribute length");
  verify_length(attributes, XFRMA_ALG_CRYPT, sizeof(xfrm_algo), "Invalid AUTH/CRYPT/COMP attribute length");
}

TransformKeys parse_algorithms(const Attributes& attributes) {
  TransformKeys keys;
  if (attributes.has(XFRMA_ALG_AEAD)) {
    take_aead(attributes.get(XFRMA_ALG_AEAD), keys);
  } else {
    const bool has_auth = attributes.has(XFRMA_ALG_AUTH) || attributes.has(XFRMA_ALG_AUTH_TRUNC);
    if (has_auth) take_integrity(attributes, keys);
    if (!attributes.has(XFRMA_ALG_CRYPT)) throw Refusal(EINVAL, "ESP: AEAD or CRYPT must be provided");
    take_encryption(attributes, keys);
    // The kernel would take encryption without integrity; such packets can be altered at will, so it is refused here.
    if (!has_auth) throw Refusal(EINVAL, "Encryption without integrity is not supported");
  }
  const size_t salt = keys.encryption->salt, size = keys.encryption_key.size();
  if (size < salt || !allows_key_size(*keys.encryption, size - salt)) {
    if (keys.integrity == nullptr) throw Refusal(EINVAL, "Kernel was unable to initialize cryptographic operations");
    throw Refusal::silent(EINVAL, "key length does not fit the algorithm");
  }
  return keys;
}

SecretBytes describe_algorithms(const TransformKeys& keys) {
  SecretWriter writer;
  writer.bytes.reserve(1024);  // so that growth leaves no copies behind
  const auto icv_bits = static_cast<unsigned>(keys.icv_bytes * 8);
  if (keys.integrity == nullptr) {
    xfrm_algo_aead header{};
    header.alg_icv_len = icv_bits;
    writer.add(XFRMA_ALG_AEAD, header, keys.encryption->kernel_name, keys.encryption_key);
  } else {
    xfrm_algo_auth truncated{};
    truncated.alg_trunc_len = icv_bits;
    writer.add(XFRMA_ALG_AUTH, xfrm_algo{}, keys.integrity->kernel_name, keys.integrity_key);
    writer.add(XFRMA_ALG_AUTH_TRUNC, truncated, keys.integrity->kernel_name, keys.integrity_key);
    writer.add(XFRMA_ALG_CRYPT, xfrm_algo{}, keys.encryption->kernel_name, keys.encryption_key);
  }
  return SecretBytes(writer.bytes);
}

}  // namespace xfrmd
