/** Owning pointers for the OpenSSL objects that transforms use. */
#pragma once
#include <openssl/evp.h>

#include <memory>

#include "esp/suite.h"

namespace xfrmd {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, OpensslFree<EVP_CIPHER_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, OpensslFree<EVP_CIPHER_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, OpensslFree<EVP_MAC_CTX_free>>;
using Mac = std::unique_ptr<EVP_MAC, OpensslFree<EVP_MAC_free>>;

/** The cipher of an algorithm that is not NULL; nothing when OpenSSL lacks it (DES without its legacy provider). */
Cipher fetch_cipher(const EncryptionAlgorithm& algorithm, size_t key_bytes);

/** Reads OpenSSL's configuration and loads its providers now, for there will be no opening of files later. */
void load_openssl();

}  // namespace xfrmd
