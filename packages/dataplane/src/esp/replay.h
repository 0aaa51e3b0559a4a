/**
 * Anti-replay window of RFC 4303 §3.4.3 and, with extended sequence numbers, the inference of the high 32 bits (appendix A2).
 * Sizes as the kernel has them: 0 (off) to 4096 packets. Written by the one worker that owns the inbound SA; others may read.
 */
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace xfrmd {

class ReplayWindow {
 public:
  static constexpr uint32_t kMaxSize = 4096;

  ReplayWindow(uint32_t size, bool extended) : size_(size), extended_(extended) {}

  /** The 64-bit number a packet with these low bits would have; nothing when it can't be one (before the first, ESN). */
  std::optional<uint64_t> resolve(uint32_t low) const;
  /** True when the number is new: above the window, or inside it and unseen. */
  bool is_fresh(uint64_t sequence) const;
  /** Call once the packet is authentic. */
  void mark(uint64_t sequence);

  uint32_t size() const { return size_; }
  uint64_t top() const { return top_.load(std::memory_order_relaxed); }
  bool is_marked(uint64_t sequence) const { return (word(sequence).load(std::memory_order_relaxed) & bit(sequence)) != 0; }
  /** Takes over the state of an SA that is being replaced (XFRMA_REPLAY_VAL, XFRMA_REPLAY_ESN_VAL); before the SA is used. */
  void restore(uint64_t top) { top_.store(top, std::memory_order_relaxed); }
  void restore_mark(uint64_t sequence) { set(sequence); }
  /** Other numbers for an SA that is in use: what arrives meanwhile counts before or after, either is right. */
  void reset(uint64_t top) {
    for (Word& word : bits_) word.store(0, std::memory_order_relaxed);
    restore(top);
  }

 private:
  // One word more than the largest window, so that clearing whole words ahead of the top never touches the window (RFC 6479).
  static constexpr size_t kWords = 128;
  static_assert(kWords * 64 >= kMaxSize + 64 && (kWords & (kWords - 1)) == 0);

  using Word = std::atomic<uint64_t>;
  const Word& word(uint64_t sequence) const { return bits_[(sequence / 64) % kWords]; }
  static uint64_t bit(uint64_t sequence) { return uint64_t{1} << (sequence % 64); }
  void set(uint64_t sequence) {
    Word& target = bits_[(sequence / 64) % kWords];
    target.store(target.load(std::memory_order_relaxed) | bit(sequence), std::memory_order_relaxed);
  }

  const uint32_t size_;
  const bool extended_;
  std::atomic<uint64_t> top_{0};
  std::array<Word, kWords> bits_{};
};

}  // namespace xfrmd
