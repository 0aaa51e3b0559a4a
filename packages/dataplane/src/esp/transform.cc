/** Chooses the kind of transform for a set of algorithms. */
#include "esp/transform.h"

#include "esp/aead.h"
#include "esp/cipher_hmac.h"
#include "esp/gcm_ipsec_mb.h"
#include "esp/gcm_library.h"

namespace xfrmd {
namespace {

bool is_aead(const EncryptionAlgorithm& encryption) {
  return encryption.kind == EncryptionAlgorithm::Kind::Aead || encryption.kind == EncryptionAlgorithm::Kind::Gmac;
}

}  // namespace

std::unique_ptr<Transform> Transform::make(TransformKeys keys, bool extended_sequence) {
  if (gcm_library() == GcmLibrary::IpsecMb && keys.encryption->kernel_name == "rfc4106(gcm(aes))")
    return IpsecMbGcmTransform::make(keys, extended_sequence);
  if (is_aead(*keys.encryption)) return AeadTransform::make(std::move(keys), extended_sequence);
  return CipherHmacTransform::make(std::move(keys), extended_sequence);
}

}  // namespace xfrmd
