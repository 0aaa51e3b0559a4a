/** Fetching ciphers. Single DES lives in OpenSSL's legacy provider, which is kept away from everything else. */
#include "esp/openssl_handles.h"

#include <openssl/provider.h>

namespace xfrmd {
namespace {

using Library = std::unique_ptr<OSSL_LIB_CTX, OpensslFree<OSSL_LIB_CTX_free>>;
using Provider = std::unique_ptr<OSSL_PROVIDER, OpensslFree<OSSL_PROVIDER_unload>>;

/** The provider goes first: its own library context would outlive the one it is loaded into. */
struct LegacyLibrary {
  Library library{OSSL_LIB_CTX_new()};
  Provider provider{library == nullptr ? nullptr : OSSL_PROVIDER_load(library.get(), "legacy")};
};

/** Loaded at first use and kept: a cipher refers to the library context it came from. */
OSSL_LIB_CTX* legacy_library() {
  static const LegacyLibrary legacy;
  return legacy.provider == nullptr ? nullptr : legacy.library.get();
}

}  // namespace

void load_openssl() {
  OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
  const Cipher from_default(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  legacy_library();
}

Cipher fetch_cipher(const EncryptionAlgorithm& algorithm, size_t key_bytes) {
  const bool is_legacy = algorithm.kernel_name == "cbc(des)";
  OSSL_LIB_CTX* library = is_legacy ? legacy_library() : nullptr;
  if (is_legacy && library == nullptr) return nullptr;
  return Cipher(EVP_CIPHER_fetch(library, cipher_name(algorithm, key_bytes), nullptr));
}

}  // namespace xfrmd
