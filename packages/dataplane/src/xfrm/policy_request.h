/** A NEWPOLICY or UPDPOLICY message, checked as the kernel's verify_newpolicy_info and validate_tmpl check it. */
#pragma once
#include "engine/policy.h"
#include "xfrm/netlink.h"

namespace xfrmd {

struct PolicyRequest {
  xfrm_userpolicy_info info{};
  uint32_t if_id = 0;
  std::vector<xfrm_user_tmpl> templates;
  /** What GETPOLICY shows again, framed attributes. */
  std::vector<uint8_t> echo;
};

/** @throws Refusal with the kernel's errno */
PolicyRequest parse_policy_request(const NetlinkMessage& message);

/** @throws Refusal EINVAL */
void verify_direction(uint8_t direction);

}  // namespace xfrmd
