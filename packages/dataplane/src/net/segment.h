/**
 * Splits a super-packet from a TUN (TSO, USO) into the IP packets it stands for, in place: each header is written right in
 * front of its payload, over the payload before it, which the caller has consumed by then.
 */
#pragma once
#include <algorithm>
#include <optional>
#include <span>

#include "net/packet.h"
#include "net/virtio.h"

namespace xfrmd {

/** Bytes behind a segment that the consumer may overwrite (ESP padding and trailer); the frame's buffer must have them too. */
inline constexpr size_t kTailRoom = 32;

class Segmenter {
 public:
  /** Nothing when the virtio header does not fit the packet: such frames are dropped. */
  static std::optional<Segmenter> make(const Packet& packet, const VirtioHeader& virtio);

  /** The next packet, valid until the next call; nothing after the last. */
  std::optional<std::span<uint8_t>> next();

  /** Length of the longest packet. */
  size_t largest() const { return headers_ + std::min(segment_, payload_); }
  size_t count() const { return (payload_ + segment_ - 1) / segment_; }

 private:
  Segmenter() = default;
  void write_headers(uint8_t* at, size_t chunk) const;
  void restore_tail();

  uint8_t* base_ = nullptr;
  size_t upper_ = 0, headers_ = 0, payload_ = 0, segment_ = 0, offset_ = 0, index_ = 0;
  bool is_tcp_ = false, is_v4_ = false;
  uint16_t first_id_ = 0;
  uint32_t first_sequence_ = 0;
  uint8_t tcp_flags_ = 0;
  uint8_t* tail_ = nullptr;
  uint8_t header_copy_[256];
  uint8_t tail_copy_[kTailRoom];
};

/** Completes a checksum that the sender left to the device. False when the header's offsets are out of the packet. */
bool complete_checksum(const Packet& packet, const VirtioHeader& virtio);

}  // namespace xfrmd
