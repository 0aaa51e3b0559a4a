/**
 * Where packets can be seen, in the hands of one producer (the inbound or the outbound side of one packet thread). While nothing is
 * captured it costs one load per batch and one test per packet.
 */
#pragma once
#include "capture/capture.h"
#include "engine/outer_socket.h"
#include "engine/sa.h"
#include "net/packet.h"

namespace xfrmd {

/** What is captured now; part of the shared tables. Written by the control thread. */
class CaptureBoard {
 public:
  /** Each tap once, before the first capture. */
  size_t add_producer() const { return producers_++; }
  size_t producers() const { return producers_; }
  const CaptureList* current() const { return current_.load(std::memory_order_acquire); }
  void publish(const CaptureList* list) { current_.store(list, std::memory_order_release); }

 private:
  mutable size_t producers_ = 0;
  std::atomic<const CaptureList*> current_{nullptr};
};

class Tap {
 public:
  explicit Tap(const CaptureBoard& board) : board_(board), producer_(board.add_producer()) {}

  /** At the start of each batch, inside the epoch. */
  void look() { captures_ = board_.current(); }
  bool is_on() const { return captures_ != nullptr; }

  /** An IP packet in clear, whole. */
  void see_inner(uint32_t if_id, bool is_inbound, std::span<uint8_t> packet) const;
  /** An ESP packet from the SPI on, with the addresses it travels between; `sa` absent: of no tunnel that we know. */
  void see_outer(const Sa* sa, bool is_inbound, const OuterHeader& outer, OuterMarking marking, std::span<const uint8_t> esp) const;

 private:
  const CaptureBoard& board_;
  const size_t producer_;
  const CaptureList* captures_ = nullptr;
};

}  // namespace xfrmd
