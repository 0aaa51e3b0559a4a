/** The inbound check of templates against the SA that was used. */
#include "engine/policy.h"

namespace xfrmd {

namespace {

bool is_met_by(const xfrm_user_tmpl& wanted, const Sa& used) {
  const OuterHeader& outer = *used.outer.load(std::memory_order_acquire);
  const auto matches_or_any = [&](const xfrm_address_t& address, const Address& actual) {
    const Address expected = Address::from_xfrm(wanted.family, address);
    return expected.is_any() || expected == actual;
  };
  return wanted.id.proto == used.config.key.protocol && (wanted.id.spi == 0 || wanted.id.spi == used.config.key.spi) &&
         (wanted.reqid == 0 || wanted.reqid == used.config.reqid) && wanted.mode == used.config.mode &&
         wanted.family == outer.destination.address.family &&
         // In transport mode the SA's addresses are the packet's, which the selector has judged.
         (used.is_transport() || (matches_or_any(wanted.saddr, outer.source.address) && matches_or_any(wanted.id.daddr, outer.destination.address)));
}

}  // namespace

bool Policy::accepts(const Sa& used) const {
  if (blocks || if_id != used.config.if_id) return false;
  bool is_met = false;
  for (const auto& wanted : templates) {
    if (!is_met && is_met_by(wanted, used))
      is_met = true;
    else if (wanted.optional == 0)
      return false;  // something else is required as well, and one SA is all a packet came through
  }
  // A tunnel nobody asked for is refused even where clear text would do ("level use").
  return is_met;
}

}  // namespace xfrmd
