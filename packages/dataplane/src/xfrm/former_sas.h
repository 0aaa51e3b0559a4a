/**
 * Sequence numbers of SAs that were deleted a moment ago. An IKE daemon moves an SA to other addresses by asking for its
 * counters, deleting it and adding it again with them; packets sent in between would have their numbers, and with them their
 * GCM nonces, used twice. A new SA with the same SPI and keys therefore goes on where the old one really ended.
 */
#pragma once
#include <memory>
#include <vector>

#include "engine/sa.h"

namespace xfrmd {

class FormerSas {
 public:
  /** `algorithms` as SaRecord has them: what makes it the same key. */
  void add(uint32_t spi, SecretBytes algorithms, std::shared_ptr<Sa> sa, uint64_t now);
  /** The number a new SA must start behind; 0 when there was none with this SPI and keys. */
  uint64_t last_sent(uint32_t spi, const SecretBytes& algorithms) const;
  void expire(uint64_t now);

 private:
  struct Former {
    uint32_t spi;
    SecretBytes algorithms;
    std::shared_ptr<Sa> sa;  // still counting while a worker finishes its batch
    uint64_t expires_at;
  };
  std::vector<Former> all_;
};

}  // namespace xfrmd
