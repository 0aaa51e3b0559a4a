/** A NEWSA or UPDSA message, checked as the kernel's verify_newsa_info checks it, with keys ready for a Transform. */
#pragma once
#include <optional>

#include "engine/sa.h"
#include "esp/transform.h"
#include "xfrm/mark.h"
#include "xfrm/netlink.h"

namespace xfrmd {

/** Sequence state that an SA starts with: zero, or what its predecessor had (charon moves an SA by deleting and adding it). */
struct ReplayState {
  uint32_t window = 0;
  uint64_t sent = 0, received = 0;
  std::vector<uint64_t> seen;  // numbers marked in the window
  uint32_t bitmap_words = 0;   // of XFRMA_REPLAY_ESN_VAL, with or without ESN; 0 for XFRMA_REPLAY_VAL
};

/** XFRMA_REPLAY_THRESH, XFRMA_ETIMER_THRESH and XFRMA_MTIMER_THRESH: after how much NEWAE and MAPPING are sent (again). */
struct EventThresholds {
  uint32_t replay = 2;    // net.core.xfrm_aevent_rseqth
  uint32_t timer = 10;    // net.core.xfrm_aevent_etime, tenths of a second
  uint32_t mapping = 0;   // seconds between two MAPPINGs of one port; 0: each
};

struct SaRequest {
  xfrm_usersa_info info{};
  uint32_t if_id = 0, extra_flags = 0;
  Mark mark;
  std::optional<xfrm_encap_tmpl> encap;  // absent: ESP without UDP
  TransformKeys keys;
  ReplayState replay;
  EventThresholds thresholds;
  std::optional<xfrm_lifetime_cur> lifetime;
  /** What GETSA shows of the algorithms, framed; it holds the keys. */
  SecretBytes algorithms;

  SaKey key() const;
  uint32_t lane() const { return lane_of(if_id, mark); }
  OuterHeader outer() const { return outer_of(info, encap); }
  Sa::Config config() const;

  static OuterHeader outer_of(const xfrm_usersa_info& info, const std::optional<xfrm_encap_tmpl>& encap);
};

/** @throws Refusal with the kernel's errno */
SaRequest parse_sa_request(const NetlinkMessage& message);

/** What names one SA in GETSA, DELSA and the like. @throws Refusal EINVAL for a protocol that has no SPIs */
SaKey parse_sa_id(const xfrm_usersa_id& id);

/** @throws Refusal EINVAL for anything but UDP with ports */
void verify_encapsulation(const std::optional<xfrm_encap_tmpl>& encap);

/** @throws Refusal EOPNOTSUPP for a mark beside an if_id: packets in an if_id's tunnel have none */
void verify_lane(uint32_t if_id, const Mark& mark);
Mark read_mark(const Attributes& attributes);
uint32_t read_if_id(const Attributes& attributes);

}  // namespace xfrmd
