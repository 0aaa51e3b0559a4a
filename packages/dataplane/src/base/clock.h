/** Seconds of two clocks: ages and deadlines never jump (boot time), what XFRM messages show is wall-clock time. */
#pragma once
#include <cstdint>
#include <ctime>

namespace xfrmd {

inline uint64_t wall_seconds() { return static_cast<uint64_t>(::time(nullptr)); }

/** Goes on while the machine sleeps; unmoved by clock changes. */
inline uint64_t steady_seconds() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec);
}

}  // namespace xfrmd
