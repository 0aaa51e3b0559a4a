/** From a TUN to the wire: finds the policy and SA of a frame, splits it, seals each packet and puts it in the batch. */
#pragma once
#include "engine/notices.h"
#include "engine/transport.h"
#include "engine/udp_batch.h"
#include "net/segment.h"

namespace xfrmd {

class Outbound {
 public:
  Outbound(const Tables& tables, Notices& notices, DropCounters& drops);

  /** Reads frames until the TUN is empty or its turn is over. Returns false when the device is gone. */
  bool drain(Tun& tun);
  void flush() { batch_.flush(); }
  uint64_t segmentation_fallbacks() const { return batch_.segmentation_fallbacks.get(); }

 private:
  // A turn: enough to fill batches, small enough that a thousand tunnels each get theirs.
  static constexpr int kFramesPerTurn = 32;
  // A frame of at most 64 KB behind its virtio header.
  static constexpr size_t kFrameBytes = 65'536 + sizeof(VirtioHeader);

  void handle(Tun& tun, const Interface& interface, size_t frame_bytes);
  Sa* select_sa(Tun& tun, const Interface& interface, const Packet& packet);
  bool refuses(Tun& tun, const Sa& sa, const Packet& packet, size_t largest, OuterMarking& marking);
  bool seal(Sa& sa, const OuterHeader& outer, std::span<uint8_t> packet, EspPayload payload, OuterMarking marking);

  const Tables& tables_;
  Notices& notices_;
  DropCounters& drops_;
  UdpBatch batch_;
  Tap tap_;
  std::unique_ptr<uint8_t[]> frame_;
};

}  // namespace xfrmd
