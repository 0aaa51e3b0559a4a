/** Parsing of SA requests. */
#include "xfrm/sa_request.h"

#include <arpa/inet.h>
#include <netinet/udp.h>

#include "xfrm/algorithms.h"
#include "xfrm/replay_codec.h"

namespace xfrmd {
namespace {

void verify_mark(const Attributes& attributes) {
  const auto mark = attributes.read<xfrm_mark>(XFRMA_MARK);
  if (mark && mark->m != 0) throw Refusal(EOPNOTSUPP, "marks are not supported, use if_id");
}

void verify_info(const xfrm_usersa_info& info) {
  if (info.family != AF_INET && info.family != AF_INET6) throw Refusal(EINVAL, "address family is not IP");
  verify_selector(info.sel);
  if (info.id.proto != IPPROTO_ESP) throw Refusal(EPROTONOSUPPORT, "only ESP is supported");
  if (info.id.spi == 0) throw Refusal(EINVAL, "SPI is zero");
  switch (info.mode) {
    case XFRM_MODE_TUNNEL: break;
    case XFRM_MODE_TRANSPORT: throw Refusal(EPROTONOSUPPORT, "transport mode is not supported");
    default: throw Refusal(EINVAL, "unknown mode");
  }
}

SecretBytes collect_echo(const Attributes& attributes) {
  std::vector<uint8_t> bytes;
  for (const unsigned type : {XFRMA_ALG_AEAD, XFRMA_ALG_AUTH, XFRMA_ALG_AUTH_TRUNC, XFRMA_ALG_CRYPT, XFRMA_ENCAP, XFRMA_SA_EXTRA_FLAGS, XFRMA_IF_ID}) {
    if (!attributes.has(type)) continue;
    const Bytes value = attributes.get(type);
    const rtattr header{static_cast<unsigned short>(sizeof(rtattr) + value.size()), static_cast<unsigned short>(type)};
    bytes.insert(bytes.end(), reinterpret_cast<const uint8_t*>(&header), reinterpret_cast<const uint8_t*>(&header) + sizeof header);
    bytes.insert(bytes.end(), value.begin(), value.end());
    bytes.resize(RTA_ALIGN(bytes.size()));
  }
  SecretBytes echo{bytes};
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return echo;
}

}  // namespace

void verify_selector(const xfrm_selector& selector) {
  const unsigned longest = selector.family == AF_INET ? 32 : 128;
  if (selector.family != 0 && selector.family != AF_INET && selector.family != AF_INET6) throw Refusal(EINVAL, "selector is not IP");
  if (selector.prefixlen_s > longest || selector.prefixlen_d > longest) throw Refusal(EINVAL, "selector prefix too long");
}

SaRequest parse_sa_request(const NetlinkMessage& message) {
  SaRequest request;
  request.info = message.fixed<xfrm_usersa_info>();
  const Attributes attributes = Attributes::parse(message, sizeof request.info);
  verify_info(request.info);
  attributes.require_only({XFRMA_ALG_AEAD, XFRMA_ALG_AUTH, XFRMA_ALG_AUTH_TRUNC, XFRMA_ALG_CRYPT, XFRMA_ENCAP, XFRMA_SA_EXTRA_FLAGS, XFRMA_IF_ID,
                           XFRMA_REPLAY_VAL, XFRMA_REPLAY_ESN_VAL, XFRMA_LTIME_VAL, XFRMA_REPLAY_THRESH, XFRMA_ETIMER_THRESH,
                           XFRMA_MTIMER_THRESH, XFRMA_LASTUSED, XFRMA_MARK});
  verify_mark(attributes);
  request.if_id = attributes.read<uint32_t>(XFRMA_IF_ID).value_or(0);
  request.extra_flags = attributes.read<uint32_t>(XFRMA_SA_EXTRA_FLAGS).value_or(0);
  const auto encap = attributes.read<xfrm_encap_tmpl>(XFRMA_ENCAP);
  if (encap && (encap->encap_type != UDP_ENCAP_ESPINUDP || encap->encap_sport == 0 || encap->encap_dport == 0))
    throw Refusal(EINVAL, "unknown encapsulation");
  request.encap = encap.value_or(xfrm_encap_tmpl{});
  request.keys = parse_algorithms(attributes);
  request.replay = parse_replay(request.info, attributes);
  request.lifetime = attributes.read<xfrm_lifetime_cur>(XFRMA_LTIME_VAL);
  request.echo = collect_echo(attributes);
  return request;
}

SaKey SaRequest::key() const { return {Address::from_xfrm(info.family, info.id.daddr), info.id.spi, info.id.proto}; }

OuterHeader SaRequest::outer() const {
  return {{Address::from_xfrm(info.family, info.saddr), ntohs(encap.encap_sport)},
          {Address::from_xfrm(info.family, info.id.daddr), ntohs(encap.encap_dport)}};
}

Sa::Config SaRequest::config() const {
  return {key(), if_id, info.reqid, info.flags, extra_flags, Selector(info.sel), replay.window};
}

}  // namespace xfrmd
