/**
 * Quiescent-state reclamation: worker threads read shared tables without locks, the control thread frees what it took out
 * of them once no worker can still hold it. A worker is "inside" while it handles a batch and "outside" while it waits.
 * One writer (the control thread), a fixed set of readers.
 */
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>

namespace xfrmd {

class Epoch {
 public:
  /** One per worker thread, registered before the thread starts. */
  class Reader {
   public:
    /** Call before touching shared tables, and again between batches. */
    void enter(const Epoch& epoch) {
      // Release: what was read in the batch before happened before the writer, seeing this, frees it.
      seen_.store(epoch.now_.load(std::memory_order_acquire), std::memory_order_release);
      // Pairs with the fence in collect(): either the writer sees us inside, or we see what it unlinked.
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    /** Call with no reference to shared tables left, before blocking. */
    void leave() { seen_.store(kOutside, std::memory_order_release); }

   private:
    friend class Epoch;
    std::atomic<uint64_t> seen_{kOutside};
  };

  void add_reader(const Reader& reader) { readers_.push_back(&reader); }

  /** Destroys `object` after every reader has moved on. The caller has already unlinked it. */
  template <class T>
  void retire(std::shared_ptr<T> object) {
    if (object != nullptr) limbo_.push_back({now_.fetch_add(1, std::memory_order_acq_rel) + 1, std::move(object)});
  }
  template <class T>
  void retire(std::unique_ptr<T> object) {
    retire(std::shared_ptr<T>(std::move(object)));
  }

  /** Waits until no reader holds what was unlinked before: as long as a batch takes. Frees nothing. */
  void synchronize() {
    const uint64_t epoch = now_.fetch_add(1, std::memory_order_acq_rel) + 1;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    for (const Reader* reader : readers_)
      while (reader->seen_.load(std::memory_order_acquire) < epoch) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }

  /**
   * Frees what is safe to free for at most `budget`: closing a TUN takes the kernel ten milliseconds, and a thousand of them
   * must not keep the control thread away. Returns true while something is still waiting.
   */
  bool collect(std::chrono::milliseconds budget = std::chrono::milliseconds(5)) {
    if (limbo_.empty()) return false;
    const auto end = std::chrono::steady_clock::now() + budget;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    uint64_t oldest = UINT64_MAX;
    for (const Reader* reader : readers_) oldest = std::min(oldest, reader->seen_.load(std::memory_order_acquire));
    while (!limbo_.empty() && limbo_.front().epoch <= oldest && std::chrono::steady_clock::now() < end) limbo_.pop_front();
    return !limbo_.empty();
  }

 private:
  static constexpr uint64_t kOutside = UINT64_MAX;
  struct Retired {
    uint64_t epoch;
    std::shared_ptr<const void> object;
  };
  std::atomic<uint64_t> now_{1};
  std::deque<Retired> limbo_;
  std::deque<const Reader*> readers_;
};

}  // namespace xfrmd
