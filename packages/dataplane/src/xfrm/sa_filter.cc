/** xfrm_state_walk's conditions. */
#include "xfrm/sa_filter.h"

namespace xfrmd {
namespace {

constexpr uint8_t kAnyIpsec = 255;  // IPSEC_PROTO_ANY

/** As many bits as the prefix has, whatever the family. */
bool has_prefix(const xfrm_address_t& address, const xfrm_address_t& prefix, unsigned bits) {
  xfrm_selector wanted{};
  wanted.family = AF_INET6;
  wanted.daddr = prefix;
  wanted.prefixlen_d = static_cast<uint8_t>(bits);
  FlowKey flow;
  flow.family = AF_INET6;
  std::memcpy(flow.destination, &address, sizeof address);
  return Selector(wanted).matches(flow);
}

}  // namespace

SaFilter SaFilter::parse(const NetlinkMessage& message) {
  const Attributes attributes = Attributes::parse_filter(message);
  SaFilter filter{attributes.read<uint8_t>(XFRMA_PROTO).value_or(0), attributes.read<xfrm_address_filter>(XFRMA_ADDRESS_FILTER)};
  constexpr unsigned kLongest = sizeof(xfrm_address_t) * 8;
  if (filter.addresses && (filter.addresses->splen > kLongest || filter.addresses->dplen > kLongest))
    throw Refusal::silent(EINVAL, "filter prefix too long");
  return filter;
}

bool SaFilter::takes(const SaRecord& record) const {
  const uint8_t own = record.info.id.proto;
  const bool is_ipsec = own == IPPROTO_ESP || own == IPPROTO_AH || own == IPPROTO_COMP;
  if (protocol != 0 && protocol != own && !(protocol == kAnyIpsec && is_ipsec)) return false;
  if (!addresses) return true;
  const bool names_family = addresses->family == AF_INET || addresses->family == AF_INET6;
  if (names_family && addresses->family != record.info.family) return false;
  return has_prefix(record.info.saddr, addresses->saddr, addresses->splen) && has_prefix(record.info.id.daddr, addresses->daddr, addresses->dplen);
}

}  // namespace xfrmd
