/** When an SA or a policy was used first and last, in steady seconds; 0 for never. Not how often. */
#pragma once
#include <atomic>

#include "base/clock.h"

namespace xfrmd {

/**
 * Touched with every packet, so it costs what time(2) costs until the second is over. Several packet threads may touch one: the last
 * of a second wins, which is all a use time needs.
 */
class UseTime {
 public:
  void touch() {
    const uint64_t now = wall_seconds();
    if (now == touched_.load(std::memory_order_relaxed)) [[likely]]
      return;
    touched_.store(now, std::memory_order_relaxed);
    const uint64_t steady = steady_seconds();
    last_.store(steady, std::memory_order_relaxed);
    if (first() == 0) first_.store(steady, std::memory_order_relaxed);
  }
  uint64_t first() const { return first_.load(std::memory_order_relaxed); }
  uint64_t last() const { return last_.load(std::memory_order_relaxed); }
  /** Control thread: what another engine had. */
  void set_first(uint64_t steady) { first_.store(steady, std::memory_order_relaxed); }
  void copy(const UseTime& from) {
    first_.store(from.first(), std::memory_order_relaxed);
    last_.store(from.last(), std::memory_order_relaxed);
  }

 private:
  std::atomic<uint64_t> touched_{0}, first_{0}, last_{0};  // touched: the wall clock, only to see that it moved
};

}  // namespace xfrmd
