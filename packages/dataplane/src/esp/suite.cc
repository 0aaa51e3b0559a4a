/** The tables of algorithms. */
#include "esp/suite.h"

#include <algorithm>
#include <iterator>

namespace xfrmd {
namespace {

using Kind = EncryptionAlgorithm::Kind;

constexpr EncryptionAlgorithm kAeads[] = {
    {"rfc4106(gcm(aes))", "rfc4106(gcm(aes))", Kind::Aead, 4, 8, 4, {16, 24, 32}},
    {"rfc4543(gcm(aes))", "rfc4543(gcm(aes))", Kind::Gmac, 4, 8, 4, {16, 24, 32}},
    {"rfc7539esp(chacha20,poly1305)", "rfc7539esp(chacha20,poly1305)", Kind::Aead, 4, 8, 4, {32, 0, 0}},
};

constexpr EncryptionAlgorithm kCiphers[] = {
    {"cbc(aes)", "aes", Kind::Cbc, 16, 16, 0, {16, 24, 32}},
    {"cbc(des3_ede)", "des3_ede", Kind::Cbc, 8, 8, 0, {24, 0, 0}},
    {"cbc(des)", "des", Kind::Cbc, 8, 8, 0, {8, 0, 0}},
    {"rfc3686(ctr(aes))", "rfc3686(ctr(aes))", Kind::Counter, 4, 8, 4, {16, 24, 32}},
    {"ecb(cipher_null)", "cipher_null", Kind::Null, 4, 0, 0, {0, 0, 0}},
};

constexpr IntegrityAlgorithm kIntegrities[] = {
    {"hmac(md5)", "md5", "MD5", 128, 96},
    {"hmac(sha1)", "sha1", "SHA1", 160, 96},
    // 96 is the kernel's historic default; RFC 4868 peers ask for 128 with XFRMA_ALG_AUTH_TRUNC.
    {"hmac(sha256)", "sha256", "SHA256", 256, 96},
    {"hmac(sha384)", "hmac(sha384)", "SHA384", 384, 192},
    {"hmac(sha512)", "hmac(sha512)", "SHA512", 512, 256},
};

template <class Table>
auto find_in(const Table& table, std::string_view name) -> decltype(&table[0]) {
  const auto found = std::ranges::find_if(table, [&](const auto& entry) { return entry.kernel_name == name || entry.short_name == name; });
  return found == std::end(table) ? nullptr : &*found;
}

}  // namespace

const EncryptionAlgorithm* find_encryption(std::string_view kernel_name) { return find_in(kCiphers, kernel_name); }
const EncryptionAlgorithm* find_aead(std::string_view kernel_name) { return find_in(kAeads, kernel_name); }
const IntegrityAlgorithm* find_integrity(std::string_view kernel_name) { return find_in(kIntegrities, kernel_name); }

bool allows_key_size(const EncryptionAlgorithm& algorithm, size_t bytes) {
  if (algorithm.kind == Kind::Null) return bytes == 0;
  return bytes != 0 && std::ranges::find(algorithm.key_sizes, bytes) != std::end(algorithm.key_sizes);
}

const char* cipher_name(const EncryptionAlgorithm& algorithm, size_t key_bytes) {
  const auto pick = [&](const char* small, const char* middle, const char* large) {
    return key_bytes == 16 ? small : key_bytes == 24 ? middle : large;
  };
  if (algorithm.kernel_name == "rfc4106(gcm(aes))" || algorithm.kernel_name == "rfc4543(gcm(aes))") return pick("AES-128-GCM", "AES-192-GCM", "AES-256-GCM");
  if (algorithm.kernel_name == "rfc7539esp(chacha20,poly1305)") return "ChaCha20-Poly1305";
  if (algorithm.kernel_name == "cbc(aes)") return pick("AES-128-CBC", "AES-192-CBC", "AES-256-CBC");
  if (algorithm.kernel_name == "cbc(des3_ede)") return "DES-EDE3-CBC";
  if (algorithm.kernel_name == "cbc(des)") return "DES-CBC";
  if (algorithm.kernel_name == "rfc3686(ctr(aes))") return pick("AES-128-CTR", "AES-192-CTR", "AES-256-CTR");
  return "";
}

}  // namespace xfrmd
