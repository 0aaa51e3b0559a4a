/** The inbound check of templates against the SA that was used. */
#include "engine/policy.h"

namespace xfrmd {

bool Policy::accepts(const Sa& used) const {
  // Exactly one ESP template: optional ones (level use) and bundles do not occur with tunnel-mode ESP, so they fail closed.
  if (blocks || templates.size() != 1) return false;
  const xfrm_user_tmpl& wanted = templates.front();
  const OuterHeader& outer = *used.outer.load(std::memory_order_acquire);
  const auto matches_or_any = [&](const xfrm_address_t& address, const Address& actual) {
    const Address expected = Address::from_xfrm(wanted.family, address);
    return expected.is_any() || expected == actual;
  };
  return wanted.id.proto == used.config.key.protocol && (wanted.id.spi == 0 || wanted.id.spi == used.config.key.spi) &&
         (wanted.reqid == 0 || wanted.reqid == used.config.reqid) && wanted.mode == XFRM_MODE_TUNNEL && if_id == used.config.if_id &&
         wanted.family == used.config.key.destination.family && matches_or_any(wanted.saddr, outer.source.address) &&
         matches_or_any(wanted.id.daddr, used.config.key.destination);
}

}  // namespace xfrmd
