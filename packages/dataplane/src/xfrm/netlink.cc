/** Framing; minimum lengths from the kernel's xfrma_policy (net/xfrm/xfrm_user.c). */
#include "xfrm/netlink.h"

#include <algorithm>
#include <cstring>

namespace xfrmd {
namespace {

constexpr uint16_t kTypeMask = 0x3fff;  // NLA_F_NESTED and NLA_F_NET_BYTEORDER above it

}  // namespace

std::optional<NetlinkMessage> next_message(Bytes& rest) {
  if (rest.size() < sizeof(nlmsghdr)) return std::nullopt;
  NetlinkMessage message;
  message.header = load_raw<nlmsghdr>(rest.data());
  const size_t length = message.header.nlmsg_len;
  if (length < sizeof(nlmsghdr) || length > rest.size()) return std::nullopt;
  message.payload = rest.subspan(sizeof(nlmsghdr), length - sizeof(nlmsghdr));
  rest = rest.subspan(std::min<size_t>(NLMSG_ALIGN(length), rest.size()));
  return message;
}

size_t Attributes::xfrma_minimum_length(unsigned type) {
  switch (type) {
    case XFRMA_SA: return sizeof(xfrm_usersa_info);
    case XFRMA_POLICY: return sizeof(xfrm_userpolicy_info);
    case XFRMA_LASTUSED: return sizeof(uint64_t);
    case XFRMA_ALG_AUTH_TRUNC: return sizeof(xfrm_algo_auth);
    case XFRMA_ALG_AEAD: return sizeof(xfrm_algo_aead);
    case XFRMA_ALG_AUTH:
    case XFRMA_ALG_CRYPT:
    case XFRMA_ALG_COMP: return sizeof(xfrm_algo);
    case XFRMA_ENCAP: return sizeof(xfrm_encap_tmpl);
    case XFRMA_TMPL: return sizeof(xfrm_user_tmpl);
    case XFRMA_SEC_CTX: return sizeof(xfrm_user_sec_ctx);
    case XFRMA_LTIME_VAL: return sizeof(xfrm_lifetime_cur);
    case XFRMA_REPLAY_VAL: return sizeof(xfrm_replay_state);
    case XFRMA_SRCADDR:
    case XFRMA_COADDR: return sizeof(xfrm_address_t);
    case XFRMA_POLICY_TYPE: return sizeof(xfrm_userpolicy_type);
    case XFRMA_MIGRATE: return sizeof(xfrm_user_migrate);
    case XFRMA_KMADDRESS: return sizeof(xfrm_user_kmaddress);
    case XFRMA_MARK: return sizeof(xfrm_mark);
    case XFRMA_REPLAY_ESN_VAL: return sizeof(xfrm_replay_state_esn);
    case XFRMA_PROTO: return 1;
    case XFRMA_ADDRESS_FILTER: return sizeof(xfrm_address_filter);
    case XFRMA_OFFLOAD_DEV: return sizeof(xfrm_user_offload);
    case XFRMA_REPLAY_THRESH:
    case XFRMA_ETIMER_THRESH:
    case XFRMA_TFCPAD:
    case XFRMA_SA_EXTRA_FLAGS:
    case XFRMA_SET_MARK:
    case XFRMA_SET_MARK_MASK:
    case XFRMA_IF_ID:
    case XFRMA_MTIMER_THRESH: return sizeof(uint32_t);
    default: return 0;
  }
}

Attributes Attributes::parse(const NetlinkMessage& message, size_t fixed_size, size_t minimum_length(unsigned type)) {
  Attributes attributes;
  if (message.payload.size() > NLMSG_ALIGN(fixed_size)) attributes.parse_from(message.payload.subspan(NLMSG_ALIGN(fixed_size)), minimum_length);
  return attributes;
}

Attributes Attributes::parse_filter(const NetlinkMessage& message) {
  Attributes attributes;
  // A fixed part in front (charon and others ask like this) reads as an attribute of no length: no filter.
  if (message.payload.size() >= sizeof(rtattr) && load_raw<rtattr>(message.payload.data()).rta_len >= sizeof(rtattr))
    attributes.parse_from(message.payload, xfrma_minimum_length);
  return attributes;
}

void Attributes::parse_from(Bytes rest, size_t minimum_length(unsigned type)) {
  while (!rest.empty()) {
    if (rest.size() < sizeof(rtattr)) throw Refusal(EINVAL, "Bytes left behind the attributes");
    const auto header = load_raw<rtattr>(rest.data());
    if (header.rta_len < sizeof(rtattr) || header.rta_len > rest.size()) throw Refusal(EINVAL, "Attribute longer than its message");
    const unsigned type = header.rta_type & kTypeMask;
    if (type == XFRMA_UNSPEC || type > XFRMA_MAX) throw Refusal(EINVAL, "Unknown attribute type");
    const Bytes value = rest.subspan(sizeof(rtattr), header.rta_len - sizeof(rtattr));
    if (value.size() < minimum_length(type)) throw Refusal(ERANGE, "Attribute failed policy validation");
    values_[type] = value;
    rest = rest.subspan(std::min<size_t>(RTA_ALIGN(header.rta_len), rest.size()));
  }
}

void Attributes::require_only(std::initializer_list<unsigned> known) const {
  for (unsigned type = 1; type <= XFRMA_MAX; type++)
    if (has(type) && type != XFRMA_PAD && std::ranges::find(known, type) == known.end())
      throw Refusal(EOPNOTSUPP, "Attribute that this engine does not have");
}

MessageWriter::MessageWriter(uint16_t type, uint16_t flags, uint32_t sequence, uint32_t port_id) {
  bytes_.reserve(512);
  fixed(nlmsghdr{0, type, flags, sequence, port_id});
}

MessageWriter& MessageWriter::raw(Bytes bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  return *this;
}

MessageWriter& MessageWriter::attribute_bytes(uint16_t type, Bytes value) {
  const rtattr header{static_cast<unsigned short>(sizeof(rtattr) + value.size()), type};
  fixed(header);
  return raw(value);
}

std::vector<uint8_t> MessageWriter::finish() {
  store_raw(bytes_.data(), static_cast<uint32_t>(bytes_.size()));
  return std::move(bytes_);
}

std::vector<uint8_t> error_message(const nlmsghdr& request, int error, uint32_t port_id, const char* said) {
  const uint16_t flags = NLM_F_CAPPED | (said == nullptr ? 0 : NLM_F_ACK_TLVS);
  MessageWriter writer(NLMSG_ERROR, flags, request.nlmsg_seq, port_id);
  writer.fixed(nlmsgerr{-error, request});
  if (said != nullptr) writer.attribute_bytes(NLMSGERR_ATTR_MSG, {reinterpret_cast<const uint8_t*>(said), std::strlen(said) + 1});
  return writer.finish();
}

}  // namespace xfrmd
