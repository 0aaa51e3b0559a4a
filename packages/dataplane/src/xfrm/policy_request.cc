/** Parsing of policy requests, in the kernel's order and words. */
#include "xfrm/policy_request.h"

#include "xfrm/sa_request.h"

namespace xfrmd {
namespace {

constexpr size_t kMaxTemplates = 6;  // XFRM_MAX_DEPTH

void verify_policy_selector(const xfrm_selector& selector) {
  switch (selector.family) {
    case AF_INET:
      if (selector.prefixlen_d > 32 || selector.prefixlen_s > 32)
        throw Refusal(EINVAL, "Invalid prefix length in selector (must be <= 32 for IPv4)");
      return;
    case AF_INET6:
      if (selector.prefixlen_d > 128 || selector.prefixlen_s > 128)
        throw Refusal(EINVAL, "Invalid prefix length in selector (must be <= 128 for IPv6)");
      return;
    default: throw Refusal(EINVAL, "Invalid selector family");
  }
}

void verify_info(const xfrm_userpolicy_info& info) {
  if (info.share > XFRM_SHARE_UNIQUE) throw Refusal(EINVAL, "Invalid policy share");
  if (info.action != XFRM_POLICY_ALLOW && info.action != XFRM_POLICY_BLOCK) throw Refusal(EINVAL, "Invalid policy action");
  verify_policy_selector(info.sel);
  verify_direction(info.dir);
  if (info.index != 0 && (info.index & 7) != info.dir) throw Refusal(EINVAL, "Policy index doesn't match direction");
}

bool has_protocol(const xfrm_user_tmpl& wanted) {
  const uint8_t protocol = wanted.id.proto;
  return protocol == IPPROTO_ESP || protocol == IPPROTO_AH || protocol == IPPROTO_COMP || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
         protocol == 255;  // IPSEC_PROTO_ANY
}

void verify_template(const xfrm_user_tmpl& wanted, uint16_t family_before, uint8_t direction) {
  const bool may_change_family = wanted.mode == XFRM_MODE_TUNNEL || wanted.mode == XFRM_MODE_BEET;
  if (may_change_family && wanted.optional != 0 && direction == XFRM_POLICY_OUT)
    throw Refusal(EINVAL, "Mode in optional template not allowed in outbound policy");
  if (!may_change_family && wanted.family != family_before) throw Refusal(EINVAL, "Mode in template doesn't support a family change");
  // All ones is what daemons send; none is what programs do that know nothing of them.
  const uint32_t algorithms = wanted.aalgos & wanted.ealgos & wanted.calgos;
  if (algorithms != UINT32_MAX && (wanted.aalgos | wanted.ealgos | wanted.calgos) != 0)
    throw Refusal(EOPNOTSUPP, "A template for certain algorithms is not supported");
  if (wanted.mode >= XFRM_MODE_MAX) throw Refusal(EINVAL, "Mode in template must be < XFRM_MODE_MAX (5)");
  if (wanted.family != AF_INET && wanted.family != AF_INET6) throw Refusal(EINVAL, "Invalid family in template");
  if (!has_protocol(wanted)) throw Refusal(EINVAL, "Invalid XFRM protocol in template");
}

std::vector<xfrm_user_tmpl> parse_templates(Bytes value, uint16_t family, uint8_t direction) {
  const size_t count = value.size() / sizeof(xfrm_user_tmpl);
  if (count > kMaxTemplates) throw Refusal(EINVAL, "Template count must be <= XFRM_MAX_DEPTH (6)");
  std::vector<xfrm_user_tmpl> templates;
  for (size_t i = 0; i < count; i++) {
    auto wanted = load_raw<xfrm_user_tmpl>(value.data() + i * sizeof(xfrm_user_tmpl));
    if (wanted.family == 0) wanted.family = family;
    verify_template(wanted, templates.empty() ? family : templates.back().family, direction);
    templates.push_back(wanted);
  }
  return templates;
}

}  // namespace

void verify_direction(uint8_t direction) {
  if (direction != XFRM_POLICY_IN && direction != XFRM_POLICY_OUT && direction != XFRM_POLICY_FWD) throw Refusal(EINVAL, "Invalid policy direction");
}

void verify_policy_type(const Attributes& attributes) {
  const auto type = attributes.read<xfrm_userpolicy_type>(XFRMA_POLICY_TYPE);
  if (type && type->type != XFRM_POLICY_TYPE_MAIN) throw Refusal(EINVAL, "Invalid policy type");
}

PolicyName parse_policy_name(const Attributes& attributes, uint8_t direction) {
  verify_policy_type(attributes);
  verify_direction(direction);
  return {read_if_id(attributes), read_mark(attributes), direction};
}

PolicyRequest parse_policy_request(const NetlinkMessage& message) {
  PolicyRequest request;
  request.info = message.fixed<xfrm_userpolicy_info>();
  const Attributes attributes = Attributes::parse(message, sizeof request.info);
  verify_info(request.info);
  attributes.require_only({XFRMA_TMPL, XFRMA_IF_ID, XFRMA_POLICY_TYPE, XFRMA_MARK});
  request.name = parse_policy_name(attributes, request.info.dir);
  verify_lane(request.name.if_id, request.name.mark);
  if (attributes.has(XFRMA_TMPL)) request.templates = parse_templates(attributes.get(XFRMA_TMPL), request.info.sel.family, request.info.dir);
  return request;
}

}  // namespace xfrmd
