/** Which SAs of a dump or flush are meant: XFRMA_PROTO and XFRMA_ADDRESS_FILTER. */
#pragma once
#include "xfrm/sad.h"

namespace xfrmd {

struct SaFilter {
  uint8_t protocol = 0;  // 0 for all
  std::optional<xfrm_address_filter> addresses;

  /** @throws Refusal EINVAL for prefixes longer than any address */
  static SaFilter parse(const NetlinkMessage& message);
  bool takes(const SaRecord& record) const;
};

}  // namespace xfrmd
