/**
 * The few functions of libIPSec_MB (Intel's multi-buffer crypto for IPsec; Debian's libipsec-mb1) that AES-GCM needs, looked up
 * when the process starts. Declared here and not by its header, so that nothing is needed to build: the layout is that of
 * version 1, whose maintainers add function pointers at the end only; test/ipsec_mb_abi_test.cc holds it against the header.
 */
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace xfrmd {

class IpsecMb {
 public:
  // struct gcm_key_data (1008 bytes, aligned to 64) and struct gcm_context_data (88 bytes) of version 1.
  static constexpr size_t kKeyBytes = 1024, kKeyAlignment = 64, kContextBytes = 128;

  using Expand = void (*)(const void* key, void* key_data);
  using Crypt = void (*)(const void* key_data, void* context, uint8_t* out, const uint8_t* in, uint64_t size, const uint8_t* nonce,
                         const uint8_t* associated, uint64_t associated_size, uint8_t* tag, uint64_t tag_size);
  /** AES-GCM with one size of key. Nonces are 12 bytes; in and out may be the same. */
  struct Gcm {
    Expand expand = nullptr;
    Crypt encrypt = nullptr, decrypt = nullptr;
  };

  /** Nothing when it is not installed, is another version, or disagrees with OpenSSL. Looked for once. */
  static const IpsecMb* find();

  /** Nothing for a size that AES does not have. */
  const Gcm* gcm(size_t key_bytes) const;
  const std::string& version() const { return version_; }

 private:
  static std::optional<IpsecMb> load();
  bool agrees_with_openssl() const;

  Gcm gcm128_, gcm192_, gcm256_;
  std::string version_;
};

/** The beginning of `struct IMB_MGR`: only its function pointers for AES-GCM are read. */
struct IpsecMbManager {
  uint64_t flags, features, reserved[5];
  uint32_t used_arch;
  int32_t error;
  void* others[24];
  IpsecMb::Crypt gcm_encrypt[3], gcm_decrypt[3];  // of 128, 192 and 256 bits, like the next
  void* gcm_init[3];
  void* gcm_update[6];
  void* gcm_finalize[6];
  void* gcm_precompute[3];
  IpsecMb::Expand gcm_expand[3];
};

}  // namespace xfrmd
