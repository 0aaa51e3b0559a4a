/** Parsing of policy requests. */
#include "xfrm/policy_request.h"

#include "xfrm/sa_request.h"

namespace xfrmd {
namespace {

constexpr size_t kMaxTemplates = 6;  // XFRM_MAX_DEPTH

void verify_info(const xfrm_userpolicy_info& info) {
  if (info.share > XFRM_SHARE_UNIQUE) throw Refusal(EINVAL, "unknown share");
  if (info.action != XFRM_POLICY_ALLOW && info.action != XFRM_POLICY_BLOCK) throw Refusal(EINVAL, "unknown action");
  if (info.sel.family == 0) throw Refusal(EINVAL, "policy selector without family");
  verify_selector(info.sel);
  verify_direction(info.dir);
  if (info.index != 0 && (info.index & 7) != info.dir) throw Refusal(EINVAL, "index of another direction");
}

bool is_ipsec_protocol(uint8_t protocol) {
  return protocol == IPPROTO_ESP || protocol == IPPROTO_AH || protocol == IPPROTO_COMP;
}

std::vector<xfrm_user_tmpl> parse_templates(Bytes value, uint16_t family) {
  const size_t count = value.size() / sizeof(xfrm_user_tmpl);
  if (count > kMaxTemplates) throw Refusal(EINVAL, "too many templates");
  std::vector<xfrm_user_tmpl> templates;
  for (size_t i = 0; i < count; i++) {
    auto wanted = load_raw<xfrm_user_tmpl>(value.data() + i * sizeof(xfrm_user_tmpl));
    if (wanted.family == 0) wanted.family = family;
    if (wanted.family != AF_INET && wanted.family != AF_INET6) throw Refusal(EINVAL, "template family is not IP");
    if (wanted.mode >= XFRM_MODE_MAX) throw Refusal(EINVAL, "unknown template mode");
    if (!is_ipsec_protocol(wanted.id.proto)) throw Refusal(EINVAL, "template protocol is not IPsec");
    templates.push_back(wanted);
  }
  return templates;
}

}  // namespace

void verify_direction(uint8_t direction) {
  if (direction != XFRM_POLICY_IN && direction != XFRM_POLICY_OUT && direction != XFRM_POLICY_FWD) throw Refusal(EINVAL, "unknown direction");
}

PolicyRequest parse_policy_request(const NetlinkMessage& message) {
  PolicyRequest request;
  request.info = message.fixed<xfrm_userpolicy_info>();
  const Attributes attributes = Attributes::parse(message, sizeof request.info);
  verify_info(request.info);
  attributes.require_only({XFRMA_TMPL, XFRMA_IF_ID, XFRMA_POLICY_TYPE, XFRMA_MARK});
  if (const auto mark = attributes.read<xfrm_mark>(XFRMA_MARK); mark && mark->m != 0) throw Refusal(EOPNOTSUPP, "marks are not supported, use if_id");
  if (const auto type = attributes.read<xfrm_userpolicy_type>(XFRMA_POLICY_TYPE); type && type->type != XFRM_POLICY_TYPE_MAIN)
    throw Refusal(EINVAL, "sub-policies are not supported");
  request.if_id = attributes.read<uint32_t>(XFRMA_IF_ID).value_or(0);
  if (attributes.has(XFRMA_TMPL)) request.templates = parse_templates(attributes.get(XFRMA_TMPL), request.info.sel.family);
  for (const unsigned type : {XFRMA_TMPL, XFRMA_IF_ID}) {
    if (!attributes.has(type)) continue;
    const Bytes value = attributes.get(type);
    const rtattr header{static_cast<unsigned short>(sizeof(rtattr) + value.size()), static_cast<unsigned short>(type)};
    const auto* bytes = reinterpret_cast<const uint8_t*>(&header);
    request.echo.insert(request.echo.end(), bytes, bytes + sizeof header);
    request.echo.insert(request.echo.end(), value.begin(), value.end());
    request.echo.resize(RTA_ALIGN(request.echo.size()));
  }
  return request;
}

}  // namespace xfrmd
