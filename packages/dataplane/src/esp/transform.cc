/** Chooses the kind of transform for a set of algorithms. */
#include "esp/transform.h"

#include "esp/aead.h"
#include "esp/cipher_hmac.h"
#include "esp/gcm_ipsec_mb.h"
#include "esp/gcm_library.h"

namespace xfrmd {

std::unique_ptr<Transform> Transform::make(TransformKeys keys, bool extended_sequence) {
  using Kind = EncryptionAlgorithm::Kind;
  if (gcm_library() == GcmLibrary::IpsecMb && keys.encryption->kernel_name == "rfc4106(gcm(aes))")
    return IpsecMbGcmTransform::make(keys, extended_sequence);
  if (keys.encryption->kind == Kind::Aead || keys.encryption->kind == Kind::Gmac) return AeadTransform::make(std::move(keys), extended_sequence);
  return CipherHmacTransform::make(std::move(keys), extended_sequence);
}

}  // namespace xfrmd
