/**
 * XFRM marks (xfrm_mark) and the lane that SAs and policies belong to. A tunnel interface stands for its if_id and, like a VTI
 * with that key, for the mark of the same number: packets that enter it bear that mark. So one number, the lane, decides which
 * tunnel an SA or policy serves.
 */
#pragma once
#include "xfrm/uapi.h"

namespace xfrmd {

struct Mark {
  uint32_t value = 0, mask = 0;

  bool operator==(const Mark&) const = default;
  /** What a look-up by this mark looks for. */
  uint32_t wanted() const { return value & mask; }
  /** Whether something that bears this mark is found by a look-up for `packet`. */
  bool matches(uint32_t packet) const { return (packet & mask) == value; }
  bool is_set() const { return value != 0 || mask != 0; }
};

/** The tunnel that an if_id and a mark stand for; the two exclude each other (parse_lane). */
inline uint32_t lane_of(uint32_t if_id, const Mark& mark) { return if_id != 0 ? if_id : mark.wanted(); }

}  // namespace xfrmd
