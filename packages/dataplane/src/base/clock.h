/**
 * Two clocks. Everything is measured by the steady one (boot time, which never jumps); XFRM messages show wall-clock time,
 * which is worked out when they are made. So setting the clock ends no SA early and keeps none alive.
 */
#pragma once
#include <cstdint>
#include <ctime>

namespace xfrmd {

/** The cheaper one: packet threads ask it whether a second has passed. */
inline uint64_t wall_seconds() { return static_cast<uint64_t>(::time(nullptr)); }

/** What captures are stamped with. */
inline uint64_t wall_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

/** Goes on while the machine sleeps; unmoved by clock changes. */
inline uint64_t steady_seconds() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec);
}

/** A moment of the steady clock as the wall clock, as it is set now, would have shown it; 0 (never) stays 0. */
uint64_t wall_of(uint64_t steady);
/** The same the other way: what XFRM messages say, for us to measure by. */
uint64_t steady_of(uint64_t wall);

}  // namespace xfrmd
