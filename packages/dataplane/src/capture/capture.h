/** One capture as packet threads see it: what is wanted, and a ring for each of them. Who fills the file: recorder.h. */
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "capture/ring.h"
#include "engine/drops.h"
#include "net/address.h"
#include "xfrm/selector.h"

namespace xfrmd {

/** Inner: packets in clear, as they enter and leave a tunnel. Outer: the ESP packets that carry them. */
enum class CaptureSide : uint8_t { Inner, Outer };

struct CaptureFilter {
  uint8_t protocol = 0;  // 0: any
  uint16_t port = 0;     // of either end, network order; 0: any
  Address address;       // of either end; unspecified family: any

  bool takes(const FlowKey& flow) const;
};

struct CaptureSettings {
  std::string name;
  CaptureSide side = CaptureSide::Inner;
  std::optional<uint32_t> if_id;  // absent: all tunnels
  uint32_t snap_length = 65'535;
  uint64_t max_bytes = 0;  // of all files together
  uint32_t files = 1;      // one: ends when full; more: the oldest is written over
  CaptureFilter filter;
};

class Capture {
 public:
  // What a burst of a worker may amount to before the writer is up; a hundredth of a second at several gigabits.
  static constexpr size_t kRingBytes = 4 << 20;

  Capture(CaptureSettings wanted, size_t producers) : settings(std::move(wanted)), dropped_(producers) {
    for (size_t i = 0; i < producers; i++) rings_.push_back(std::make_unique<CaptureRing>(kRingBytes));
  }

  bool wants(CaptureSide side, std::optional<uint32_t> if_id) const {
    return side == settings.side && (!settings.if_id || settings.if_id == if_id);
  }
  /** Producer number `producer` alone. */
  void offer(size_t producer, bool is_inbound, std::span<const uint8_t> head, std::span<const uint8_t> body, uint64_t nanoseconds);

  CaptureRing& ring(size_t producer) { return *rings_[producer]; }
  size_t producers() const { return rings_.size(); }
  /** Packets that found a ring full. */
  uint64_t dropped() const;

  const CaptureSettings settings;

 private:
  std::vector<std::unique_ptr<CaptureRing>> rings_;
  std::vector<Counter> dropped_;
};

using CaptureList = std::vector<std::shared_ptr<Capture>>;

}  // namespace xfrmd
