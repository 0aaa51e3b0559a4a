/** A NEWSA or UPDSA message, checked as the kernel's verify_newsa_info checks it, with keys ready for a Transform. */
#pragma once
#include <optional>

#include "engine/sa.h"
#include "esp/transform.h"
#include "xfrm/netlink.h"

namespace xfrmd {

/** Sequence state that an SA starts with: zero, or what its predecessor had (charon moves an SA by deleting and adding it). */
struct ReplayState {
  uint32_t window = 0;
  uint64_t sent = 0, received = 0;
  std::vector<uint64_t> seen;  // numbers marked in the window
};

struct SaRequest {
  xfrm_usersa_info info{};
  uint32_t if_id = 0, extra_flags = 0;
  xfrm_encap_tmpl encap{};  // ports zero: ESP without UDP
  TransformKeys keys;
  ReplayState replay;
  std::optional<xfrm_lifetime_cur> lifetime;
  /** The attributes that GETSA shows again, framed; they hold the keys. */
  SecretBytes echo;

  SaKey key() const;
  OuterHeader outer() const;
  Sa::Config config() const;
};

/** @throws Refusal with the kernel's errno */
SaRequest parse_sa_request(const NetlinkMessage& message);

/** @throws Refusal EINVAL for a family that is not IP or prefixes longer than its addresses. */
void verify_selector(const xfrm_selector& selector);

}  // namespace xfrmd
