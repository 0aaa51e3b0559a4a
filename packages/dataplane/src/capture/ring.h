/**
 * Packets on their way from one packet thread to the thread that writes a capture: one producer, one consumer, a fixed amount of
 * memory. Full means lost, and counted by whoever offered it: the producer never waits.
 */
#pragma once
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace xfrmd {

class CaptureRing {
 public:
  /** In front of each packet; `stored` bytes of `length` follow. */
  struct Record {
    uint64_t nanoseconds = 0;  // wall clock
    uint32_t length = 0, stored = 0;
    bool is_inbound = false;
  };

  explicit CaptureRing(size_t bytes) : size_(bytes), bytes_(std::make_unique_for_overwrite<uint8_t[]>(bytes)) {}

  /** Producer. What of `head` and `body` the record says is stored is copied, the head first; false when there is no room. */
  bool push(const Record& record, std::span<const uint8_t> head, std::span<const uint8_t> body) {
    const size_t needed = aligned(sizeof record + record.stored);
    const uint64_t end = written_.load(std::memory_order_relaxed);
    if (size_ - (end - read_.load(std::memory_order_acquire)) < needed) return false;
    put(end, &record, sizeof record);
    const size_t from_head = std::min<size_t>(head.size(), record.stored);
    put(end + sizeof record, head.data(), from_head);
    put(end + sizeof record + from_head, body.data(), record.stored - from_head);
    written_.store(end + needed, std::memory_order_release);
    return true;
  }

  /** Consumer. When the oldest packet came, UINT64_MAX when there is none. */
  uint64_t oldest() const {
    const uint64_t start = read_.load(std::memory_order_relaxed);
    if (start == written_.load(std::memory_order_acquire)) return UINT64_MAX;
    Record record;
    get(start, &record, sizeof record);
    return record.nanoseconds;
  }

  /** Consumer. Calls `take(record, bytes)` for the oldest packet; `bytes` needs room for the longest. False when there is none. */
  template <class Take>
  bool pop(std::span<uint8_t> bytes, Take take) {
    const uint64_t start = read_.load(std::memory_order_relaxed);
    if (start == written_.load(std::memory_order_acquire)) return false;
    Record record;
    get(start, &record, sizeof record);
    get(start + sizeof record, bytes.data(), record.stored);
    read_.store(start + aligned(sizeof record + record.stored), std::memory_order_release);
    take(record, std::span<const uint8_t>(bytes.first(record.stored)));
    return true;
  }

 private:
  static size_t aligned(size_t size) { return (size + 7) & ~size_t{7}; }
  void put(uint64_t at, const void* data, size_t size) {
    if (size == 0) return;
    const size_t offset = at % size_, whole = std::min(size, size_ - offset);
    std::memcpy(bytes_.get() + offset, data, whole);
    std::memcpy(bytes_.get(), static_cast<const uint8_t*>(data) + whole, size - whole);
  }
  void get(uint64_t at, void* data, size_t size) const {
    const size_t offset = at % size_, whole = std::min(size, size_ - offset);
    std::memcpy(data, bytes_.get() + offset, whole);
    std::memcpy(static_cast<uint8_t*>(data) + whole, bytes_.get(), size - whole);
  }

  const size_t size_;
  const std::unique_ptr<uint8_t[]> bytes_;
  alignas(64) std::atomic<uint64_t> written_{0};
  alignas(64) std::atomic<uint64_t> read_{0};
};

}  // namespace xfrmd
