/**
 * The algorithms of an SA by the kernel's names (net/xfrm/xfrm_algo.c) and the sizes ESP needs of them. No key material.
 * AES-GCM RFC 4106, AES-GMAC RFC 4543, ChaCha20-Poly1305 RFC 7634, AES-CBC RFC 3602, AES-CTR RFC 3686, 3DES RFC 2451,
 * DES RFC 2405, NULL RFC 2410,
 * HMAC-SHA1-96 RFC 2404, HMAC-SHA2 RFC 4868, HMAC-MD5-96 RFC 2403.
 */
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace xfrmd {

/** `cipher` and `digest` are OpenSSL's names; an empty one means none. */
struct EncryptionAlgorithm {
  std::string_view kernel_name, short_name;
  enum class Kind { Aead, Gmac, Cbc, Counter, Null } kind;
  size_t block;       // plaintext with trailer is padded to this, at least 4
  size_t iv;          // explicit, on the wire
  size_t salt;        // at the end of the key, not on the wire
  size_t key_sizes[3];  // allowed, without salt
};

struct IntegrityAlgorithm {
  std::string_view kernel_name, short_name;
  std::string_view digest;
  size_t full_bits, default_truncated_bits;
};

/** Nothing for a name this engine does not have; the kernel answers ENOSYS then. */
const EncryptionAlgorithm* find_encryption(std::string_view kernel_name);
const EncryptionAlgorithm* find_aead(std::string_view kernel_name);
const IntegrityAlgorithm* find_integrity(std::string_view kernel_name);

bool allows_key_size(const EncryptionAlgorithm& algorithm, size_t bytes_without_salt);

/** OpenSSL's cipher for a key size, e.g. "AES-128-GCM". */
const char* cipher_name(const EncryptionAlgorithm& algorithm, size_t key_bytes);

}  // namespace xfrmd
