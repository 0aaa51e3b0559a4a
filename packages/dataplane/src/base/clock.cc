/** Between the two clocks. */
#include "base/clock.h"

#include <atomic>

namespace xfrmd {
namespace {

/** What the wall clock is ahead. One second more or less is how the two were read; only what is more means that the clock was set. */
uint64_t wall_ahead() {
  static std::atomic<uint64_t> known{0};
  const uint64_t seen = wall_seconds() - steady_seconds(), before = known.load(std::memory_order_relaxed);
  if (seen - before + 1 <= 2) return before;
  known.store(seen, std::memory_order_relaxed);
  return seen;
}

}  // namespace

uint64_t wall_of(uint64_t steady) { return steady == 0 ? 0 : steady + wall_ahead(); }
uint64_t steady_of(uint64_t wall) { return wall == 0 ? 0 : wall - wall_ahead(); }

}  // namespace xfrmd
