/** A lock for a few hundred nanoseconds of work that hardly ever meets another thread. Not fair, not for anything that may wait. */
#pragma once
#include <atomic>
#include <thread>

namespace xfrmd {

class SpinLock {
 public:
  void lock() {
    constexpr int kPatience = 200;  // then the holder may have lost its processor
    while (is_taken_.exchange(true, std::memory_order_acquire))
      for (int i = 0; is_taken_.load(std::memory_order_relaxed); i++)
        if (i > kPatience) std::this_thread::yield();
  }
  void unlock() { is_taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> is_taken_{false};
};

}  // namespace xfrmd
