/** Parsing of SA requests, in the kernel's order: with several things wrong the same one is told. */
#include "xfrm/sa_request.h"

#include <arpa/inet.h>
#include <netinet/udp.h>

#include "xfrm/algorithms.h"
#include "xfrm/replay_codec.h"

namespace xfrmd {
namespace {

void verify_sa_selector(const xfrm_selector& selector) {
  switch (selector.family) {
    case AF_UNSPEC: return;
    case AF_INET:
      if (selector.prefixlen_s > 32 || selector.prefixlen_d > 32)
        throw Refusal(EINVAL, "Invalid prefix length in selector (must be <= 32 for IPv4)");
      return;
    case AF_INET6:
      if (selector.prefixlen_s > 128 || selector.prefixlen_d > 128)
        throw Refusal(EINVAL, "Invalid prefix length in selector (must be <= 128 for IPv6)");
      return;
    default: throw Refusal(EINVAL, "Invalid address family in selector");
  }
}

void verify_protocol(const xfrm_usersa_info& info, const Attributes& attributes) {
  const bool has_auth = attributes.has(XFRMA_ALG_AUTH) || attributes.has(XFRMA_ALG_AUTH_TRUNC);
  switch (info.id.proto) {
    case IPPROTO_ESP:
      verify_algorithms(attributes);
      if (attributes.has(XFRMA_TFCPAD) && info.mode != XFRM_MODE_TUNNEL) throw Refusal(EINVAL, "TFC padding can only be used in tunnel mode");
      return;
    case IPPROTO_AH:
      if (!has_auth) throw Refusal(EINVAL, "Missing required attribute for AH: AUTH_TRUNC or AUTH");
      throw Refusal(EPROTONOSUPPORT, "AH is not supported");
    case IPPROTO_COMP:
      if (!attributes.has(XFRMA_ALG_COMP)) throw Refusal(EINVAL, "Missing required attribute for COMP: COMP");
      throw Refusal(EPROTONOSUPPORT, "IPComp is not supported");
    default: throw Refusal(EINVAL, "Unsupported protocol");
  }
}

void verify_mode(uint8_t mode) {
  if (mode == XFRM_MODE_TUNNEL || mode == XFRM_MODE_TRANSPORT) return;
  if (mode == XFRM_MODE_ROUTEOPTIMIZATION || mode == XFRM_MODE_BEET) throw Refusal(EPROTONOSUPPORT, "Only tunnel and transport mode are supported");
  throw Refusal(EINVAL, "Unsupported mode");
}

/** `info` with the selector as it will be. */
void verify_family(const xfrm_usersa_info& info) {
  if (info.mode == XFRM_MODE_TRANSPORT && info.sel.family != AF_UNSPEC && info.sel.family != info.family)
    throw Refusal(EPROTONOSUPPORT, "Only tunnel modes can accommodate a change of family");
}

void verify_info(const xfrm_usersa_info& info, const Attributes& attributes) {
  if (info.family != AF_INET && info.family != AF_INET6) throw Refusal(EINVAL, "Invalid address family");
  verify_sa_selector(info.sel);
  verify_protocol(info, attributes);
  verify_replay(info, attributes);
  verify_mode(info.mode);
  if (attributes.has(XFRMA_MTIMER_THRESH) && !attributes.has(XFRMA_ENCAP))
    throw Refusal(EINVAL, "MTIMER_THRESH attribute can only be set on ENCAP states");
  // The kernel takes it; behind UDP four zero bytes mean IKE (RFC 3948 §2.2), so such an SA could never be used.
  if (info.id.spi == 0) throw Refusal(EINVAL, "SPI is zero");
}

/** Of the others, sequence numbers that may wrap would use a nonce twice; and a flag that is not known may mean anything. */
void verify_extra_flags(uint32_t flags) {
  if ((flags & ~uint32_t{XFRM_SA_XFLAG_DONT_ENCAP_DSCP}) != 0) throw Refusal(EOPNOTSUPP, "Extra flag that this engine does not have");
}

}  // namespace

Mark read_mark(const Attributes& attributes) {
  const auto mark = attributes.read<xfrm_mark>(XFRMA_MARK).value_or(xfrm_mark{});
  return {mark.v, mark.m};
}

uint32_t read_if_id(const Attributes& attributes) { return attributes.read<uint32_t>(XFRMA_IF_ID).value_or(0); }

void verify_encapsulation(const std::optional<xfrm_encap_tmpl>& encap) {
  if (encap && encap->encap_type != UDP_ENCAP_ESPINUDP) throw Refusal(EINVAL, "Unsupported encapsulation type for ESP");
  if (encap && (encap->encap_sport == 0 || encap->encap_dport == 0)) throw Refusal(EINVAL, "UDP encapsulation with a port of zero");
}

void verify_lane(uint32_t if_id, const Mark& mark) {
  if (if_id != 0 && mark.wanted() != 0) throw Refusal(EOPNOTSUPP, "A mark beside an if_id is not supported");
}

SaKey parse_sa_id(const xfrm_usersa_id& id) {
  if (id.proto != IPPROTO_ESP && id.proto != IPPROTO_AH && id.proto != IPPROTO_COMP) throw Refusal::silent(EINVAL, "protocol without SPIs");
  return {Address::from_xfrm(id.family, id.daddr), id.spi, id.proto};
}

SaRequest parse_sa_request(const NetlinkMessage& message) {
  SaRequest request;
  request.info = message.fixed<xfrm_usersa_info>();
  const Attributes attributes = Attributes::parse(message, sizeof request.info);
  verify_info(request.info, attributes);
  attributes.require_only({XFRMA_ALG_AEAD, XFRMA_ALG_AUTH, XFRMA_ALG_AUTH_TRUNC, XFRMA_ALG_CRYPT, XFRMA_ENCAP, XFRMA_SA_EXTRA_FLAGS, XFRMA_IF_ID,
                           XFRMA_REPLAY_VAL, XFRMA_REPLAY_ESN_VAL, XFRMA_LTIME_VAL, XFRMA_REPLAY_THRESH, XFRMA_ETIMER_THRESH,
                           XFRMA_MTIMER_THRESH, XFRMA_LASTUSED, XFRMA_MARK});
  // As the kernel does for key managers that leave it out.
  if (request.info.sel.family == AF_UNSPEC && (request.info.flags & XFRM_STATE_AF_UNSPEC) == 0) request.info.sel.family = request.info.family;
  request.info.curlft = {};
  request.info.stats = {};
  request.if_id = read_if_id(attributes);
  request.mark = read_mark(attributes);
  verify_lane(request.if_id, request.mark);
  request.extra_flags = attributes.read<uint32_t>(XFRMA_SA_EXTRA_FLAGS).value_or(0);
  verify_extra_flags(request.extra_flags);
  request.encap = attributes.read<xfrm_encap_tmpl>(XFRMA_ENCAP);
  request.keys = parse_algorithms(attributes);
  verify_family(request.info);
  verify_encapsulation(request.encap);
  request.replay = parse_replay(request.info, attributes);
  request.info.replay_window = static_cast<uint8_t>(request.replay.bitmap_words != 0 ? 0 : request.replay.window);
  const EventThresholds defaults;
  request.thresholds = {attributes.read<uint32_t>(XFRMA_REPLAY_THRESH).value_or(defaults.replay),
                        attributes.read<uint32_t>(XFRMA_ETIMER_THRESH).value_or(defaults.timer),
                        attributes.read<uint32_t>(XFRMA_MTIMER_THRESH).value_or(defaults.mapping)};
  request.lifetime = attributes.read<xfrm_lifetime_cur>(XFRMA_LTIME_VAL);
  request.algorithms = describe_algorithms(request.keys);
  return request;
}

SaKey SaRequest::key() const { return {Address::from_xfrm(info.family, info.id.daddr), info.id.spi, info.id.proto}; }

OuterHeader SaRequest::outer_of(const xfrm_usersa_info& info, const std::optional<xfrm_encap_tmpl>& encap) {
  return {{Address::from_xfrm(info.family, info.saddr), ntohs(encap ? encap->encap_sport : uint16_t{0})},
          {Address::from_xfrm(info.family, info.id.daddr), ntohs(encap ? encap->encap_dport : uint16_t{0})}};
}

Sa::Config SaRequest::config() const { return {key(), lane(), info.reqid, info.flags, extra_flags, Selector(info.sel), replay.window, info.mode}; }

}  // namespace xfrmd
