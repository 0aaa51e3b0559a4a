/** ESP with AES-GCM (RFC 4106) computed by libIPSec_MB: one call per packet, key schedules made once. The same packets as aead.h's. */
#pragma once
#include "esp/ipsec_mb.h"
#include "esp/transform.h"

namespace xfrmd {

class IpsecMbGcmTransform final : public Transform {
 public:
  /** Nothing where the library is not. */
  static std::unique_ptr<IpsecMbGcmTransform> make(const TransformKeys& keys, bool extended_sequence);
  ~IpsecMbGcmTransform() override;
  bool seal(uint32_t spi, uint64_t sequence, std::span<const uint8_t> plain, uint8_t* out) override;
  bool open(std::span<uint8_t> packet, uint32_t sequence_high) override;

 private:
  IpsecMbGcmTransform(const TransformKeys& keys, const IpsecMb::Gcm& gcm, bool extended);

  // What the library works on: the expanded key serves both directions.
  struct alignas(IpsecMb::kKeyAlignment) State {
    uint8_t key_data[IpsecMb::kKeyBytes];
    uint8_t context[IpsecMb::kContextBytes];
    uint8_t salt[4];
  };
  State state_;
  const IpsecMb::Gcm& gcm_;
};

}  // namespace xfrmd
