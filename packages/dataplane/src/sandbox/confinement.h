/** What the process gives up for good once it is set up, and what the kernel could not take from it. */
#pragma once
#include <string>

namespace xfrmd {

struct Confinement {
  bool filters_system_calls = false;
  int landlock_version = 0;  // 0: files are not restricted
  std::string missing;       // why one of them is not there; empty when both are

  /**
   * The calling thread and those it starts from now on. Call after drop_privileges(), with everything open that is not a TUN, a
   * daemon's socket or a capture in the directory `captures`. What the kernel lacks or a container forbids is said, not fatal.
   */
  static Confinement enter(const std::string& captures);
  /** A packet thread, by itself and first: no capabilities, no new descriptors of any kind. */
  void confine_worker() const;
};

}  // namespace xfrmd
