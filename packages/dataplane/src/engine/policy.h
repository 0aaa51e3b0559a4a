/** One policy as workers see it, and the ordered list of an interface and direction. Immutable apart from the SA link and use times. */
#pragma once
#include "xfrm/uapi.h"

#include <atomic>
#include <memory>
#include <vector>

#include "engine/drops.h"
#include "engine/sa.h"
#include "engine/use_time.h"
#include "xfrm/selector.h"

namespace xfrmd {

struct Policy {
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  uint32_t if_id = 0;
  uint32_t index = 0;
  uint32_t priority = 0;
  uint8_t direction = 0;  // XFRM_POLICY_IN, OUT or FWD
  bool blocks = false;
  Selector selector;
  std::vector<xfrm_user_tmpl> templates;

  /** Out policies: the SA its template points at; linked by the control thread. */
  std::atomic<Sa*> sa{nullptr};
  /** Steady seconds before which no further ACQUIRE is sent. */
  std::atomic<uint64_t> acquire_again_at{0};
  mutable UseTime use;

  /** Whether a packet that came through `sa` is what this policy asks for (the kernel's xfrm_state_ok). */
  bool accepts(const Sa& used) const;
};

/** Sorted by priority, then age. */
using PolicyList = std::vector<std::shared_ptr<Policy>>;

/** The first that matches decides, as in the kernel. */
inline Policy* find_policy(const PolicyList* list, const FlowKey& flow) {
  if (list != nullptr)
    for (const auto& policy : *list)
      if (policy->selector.matches(flow)) return policy.get();
  return nullptr;
}

}  // namespace xfrmd
