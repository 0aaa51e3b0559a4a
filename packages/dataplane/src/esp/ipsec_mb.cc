/** Loading and trying out libIPSec_MB. What it computes is compared with OpenSSL before any packet depends on it. */
#include "esp/ipsec_mb.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstring>
#include <memory>

#include "esp/openssl_handles.h"

namespace xfrmd {
namespace {

constexpr const char* kSoname = "libIPSec_MB.so.1";
constexpr unsigned kMajor = 1;
// enum IMB_ARCH: below this it does without the processor's AES instructions, and OpenSSL does better.
constexpr uint32_t kOldestArchitecture = 2;

template <class Function>
Function look_up(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

struct Sealed {
  uint8_t body[1500], tag[16];
  bool operator==(const Sealed&) const = default;
};

struct Sample {
  uint8_t key[32], nonce[12], associated[12], plain[1500];
};

bool seal_with_openssl(const Sample& sample, size_t key_bytes, size_t size, Sealed& out) {
  const char* name = key_bytes == 16 ? "AES-128-GCM" : key_bytes == 24 ? "AES-192-GCM" : "AES-256-GCM";
  const Cipher cipher(EVP_CIPHER_fetch(nullptr, name, nullptr));
  const CipherContext context(EVP_CIPHER_CTX_new());
  int written = 0;
  return cipher != nullptr && context != nullptr && EVP_EncryptInit_ex2(context.get(), cipher.get(), sample.key, sample.nonce, nullptr) == 1 &&
         EVP_EncryptUpdate(context.get(), nullptr, &written, sample.associated, sizeof sample.associated) == 1 &&
         EVP_EncryptUpdate(context.get(), out.body, &written, sample.plain, static_cast<int>(size)) == 1 &&
         EVP_EncryptFinal_ex(context.get(), out.body + size, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, sizeof out.tag, out.tag) == 1;
}

}  // namespace

const IpsecMb* IpsecMb::find() {
  static const std::optional<IpsecMb> library = load();
  return library ? &*library : nullptr;
}

const IpsecMb::Gcm* IpsecMb::gcm(size_t key_bytes) const {
  switch (key_bytes) {
    case 16: return &gcm128_;
    case 24: return &gcm192_;
    case 32: return &gcm256_;
    default: return nullptr;
  }
}

std::optional<IpsecMb> IpsecMb::load() {
#ifndef __x86_64__
  return std::nullopt;  // declared for amd64, which is all there is of version 1
#endif
  void* library = ::dlopen(kSoname, RTLD_NOW | RTLD_LOCAL);  // never closed: transforms hold its functions
  if (library == nullptr) return std::nullopt;
  const auto get_version = look_up<unsigned (*)()>(library, "imb_get_version");
  const auto make = look_up<IpsecMbManager* (*)(uint64_t)>(library, "alloc_mb_mgr");
  const auto initialise = look_up<void (*)(IpsecMbManager*, int*)>(library, "init_mb_mgr_auto");
  const auto release = look_up<void (*)(IpsecMbManager*)>(library, "free_mb_mgr");
  if (get_version == nullptr || make == nullptr || initialise == nullptr || release == nullptr) return std::nullopt;
  const unsigned version = get_version();  // 0x10300: 1.3.0
  if (version >> 16 != kMajor) return std::nullopt;
  const std::unique_ptr<IpsecMbManager, decltype(release)> manager(make(0), release);
  if (manager == nullptr) return std::nullopt;
  initialise(manager.get(), nullptr);
  if (manager->error != 0 || manager->used_arch < kOldestArchitecture) return std::nullopt;
  IpsecMb found;
  Gcm* const sizes[] = {&found.gcm128_, &found.gcm192_, &found.gcm256_};
  for (size_t i = 0; i < 3; i++) {
    *sizes[i] = {manager->gcm_expand[i], manager->gcm_encrypt[i], manager->gcm_decrypt[i]};
    if (sizes[i]->expand == nullptr || sizes[i]->encrypt == nullptr || sizes[i]->decrypt == nullptr) return std::nullopt;
  }
  found.version_ = std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 0xff) + "." + std::to_string(version & 0xff);
  if (!found.agrees_with_openssl()) return std::nullopt;
  return found;
}

bool IpsecMb::agrees_with_openssl() const {
  Sample sample;
  if (RAND_bytes(reinterpret_cast<uint8_t*>(&sample), sizeof sample) != 1) return false;
  alignas(kKeyAlignment) uint8_t key_data[kKeyBytes];
  alignas(16) uint8_t context[kContextBytes];
  for (const size_t key_bytes : {16u, 24u, 32u})
    for (const size_t size : {4u, 20u, 64u, 255u, 1372u, 1500u}) {
      Sealed ours{}, theirs{};
      const Gcm& gcm = *this->gcm(key_bytes);
      gcm.expand(sample.key, key_data);
      gcm.encrypt(key_data, context, theirs.body, sample.plain, size, sample.nonce, sample.associated, sizeof sample.associated, theirs.tag, sizeof theirs.tag);
      if (!seal_with_openssl(sample, key_bytes, size, ours) || ours != theirs) return false;
      gcm.decrypt(key_data, context, theirs.body, theirs.body, size, sample.nonce, sample.associated, sizeof sample.associated, theirs.tag, sizeof theirs.tag);
      if (std::memcmp(theirs.body, sample.plain, size) != 0 || std::memcmp(ours.tag, theirs.tag, sizeof ours.tag) != 0) return false;
    }
  return true;
}

}  // namespace xfrmd
