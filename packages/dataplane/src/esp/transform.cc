/** Chooses the kind of transform for a set of algorithms. */
#include "esp/transform.h"

#include "esp/aead.h"
#include "esp/cipher_hmac.h"

namespace xfrmd {

std::unique_ptr<Transform> Transform::make(TransformKeys keys, bool extended_sequence) {
  using Kind = EncryptionAlgorithm::Kind;
  if (keys.encryption->kind == Kind::Aead || keys.encryption->kind == Kind::Gmac) return AeadTransform::make(std::move(keys), extended_sequence);
  return CipherHmacTransform::make(std::move(keys), extended_sequence);
}

}  // namespace xfrmd
