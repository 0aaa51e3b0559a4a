/** A NEWPOLICY or UPDPOLICY message, checked as the kernel's verify_newpolicy_info and validate_tmpl check it. */
#pragma once
#include "engine/policy.h"
#include "xfrm/mark.h"
#include "xfrm/netlink.h"

namespace xfrmd {

/** What tells policies apart. */
struct PolicyName {
  uint32_t if_id = 0;
  Mark mark;
  uint8_t direction = 0;

  uint32_t lane() const { return lane_of(if_id, mark); }
};

struct PolicyRequest {
  xfrm_userpolicy_info info{};
  PolicyName name;
  std::vector<xfrm_user_tmpl> templates;
  /** Its selector names an interface that is not its tunnel's: no packet will ever match. */
  bool is_elsewhere = false;
};

/** @throws Refusal with the kernel's errno */
PolicyRequest parse_policy_request(const NetlinkMessage& message);

/** if_id and mark of a request about a policy; its type must be `main`. @throws Refusal EINVAL */
PolicyName parse_policy_name(const Attributes& attributes, uint8_t direction);

/** XFRMA_POLICY_TYPE. @throws Refusal EINVAL for sub-policies, as a kernel without CONFIG_XFRM_SUB_POLICY */
void verify_policy_type(const Attributes& attributes);

/** @throws Refusal EINVAL */
void verify_direction(uint8_t direction);

}  // namespace xfrmd
