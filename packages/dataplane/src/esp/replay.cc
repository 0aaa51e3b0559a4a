/** Window arithmetic; every comparison is on 64-bit numbers, so nothing wraps. */
#include "esp/replay.h"

#include <algorithm>

namespace xfrmd {

std::optional<uint64_t> ReplayWindow::resolve(uint32_t low) const {
  if (!extended_) return low;
  const uint64_t newest = top();
  const auto newest_low = static_cast<uint32_t>(newest);
  const uint64_t high = newest >> 32;
  const uint32_t bottom = newest_low - size_ + 1;
  if (newest_low >= size_ - 1) return ((low >= bottom ? high : high + 1) << 32) | low;
  // The window spans two 2^32 blocks: low numbers at its bottom belong to the one before.
  if (low < bottom) return (high << 32) | low;
  if (high == 0) return std::nullopt;
  return ((high - 1) << 32) | low;
}

bool ReplayWindow::is_fresh(uint64_t sequence) const {
  if (size_ == 0) return true;
  if (sequence == 0) return false;
  const uint64_t newest = top();
  if (sequence > newest) return true;
  return newest - sequence < size_ && !is_marked(sequence);
}

void ReplayWindow::mark(uint64_t sequence) {
  const uint64_t newest = top();
  if (sequence > newest) {
    const uint64_t steps = std::min<uint64_t>(sequence / 64 - newest / 64, kWords);
    for (uint64_t i = 1; i <= steps; i++) bits_[(newest / 64 + i) % kWords].store(0, std::memory_order_relaxed);
    top_.store(sequence, std::memory_order_relaxed);
  } else if (newest - sequence >= kMaxSize) {
    return;  // window off: an old number has no place in the bitmap
  }
  set(sequence);
}

}  // namespace xfrmd
