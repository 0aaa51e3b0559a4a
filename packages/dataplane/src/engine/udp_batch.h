/**
 * Collects sealed packets and sends them with few system calls: packets of equal length to one peer become one UDP_SEGMENT
 * message, messages become one sendmmsg. Falls back to single datagrams where the path refuses segmentation, and for raw ESP.
 */
#pragma once
#include <sys/socket.h>

#include <array>
#include <memory>

#include "engine/drops.h"
#include "engine/outer_socket.h"
#include "engine/tables.h"

namespace xfrmd {

class UdpBatch {
 public:
  UdpBatch(const Tables& tables, DropCounters& drops);

  /** Room for one packet of at most `size` bytes; flushes first when there is none. */
  uint8_t* reserve(size_t size);
  /** The packet is at what reserve() returned. */
  void commit(size_t size, const OuterHeader& outer, OuterMarking marking);
  void flush();
  bool empty() const { return count_ == 0; }

  /** Messages that had to be sent one datagram at a time. */
  Counter segmentation_fallbacks;

 private:
  // A full message leaves at once: what was just written is still in the processor's cache when the kernel copies it, and the peer
  // can begin. The room is for the messages of many tunnels and for the one that fills up.
  static constexpr size_t kSendAt = 60'000;
  static constexpr size_t kCapacity = 2 * 65'536;
  static constexpr size_t kMaxMessages = 32;
  static constexpr size_t kMaxMessageBytes = 65'000;
  static constexpr size_t kMaxSegments = 64;  // UDP_MAX_SEGMENTS of kernels before 6.9

  struct Message {
    size_t offset, length, segment, segments;
    bool is_closed;
    OuterMarking marking;
    OuterHeader outer;
  };

  bool appends(const Message& last, size_t size, const OuterHeader& outer, OuterMarking marking) const;
  int socket_of(const Message& message) const;
  void send(int fd, size_t first, size_t end);
  void send_singly(int fd, const Message& message);
  void count_failure(int error, size_t packets);

  const Tables& tables_;
  DropCounters& drops_;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t used_ = 0, count_ = 0;
  std::array<Message, kMaxMessages> messages_;
};

}  // namespace xfrmd
