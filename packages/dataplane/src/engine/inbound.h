/** From the wire to a TUN: IKE packets to the daemon; ESP checked, decrypted, held against policy, coalesced and written. */
#pragma once
#include <sys/socket.h>

#include <mutex>

#include "engine/notices.h"
#include "engine/outer_socket.h"
#include "engine/tables.h"
#include "net/coalesce.h"

namespace xfrmd {

class Inbound final : private FrameSink {
 public:
  /** `has_company`: other threads receive as well. */
  Inbound(const Tables& tables, Notices& notices, DropCounters& drops, bool has_company = false);

  /** Receives one batch from one of the socket's receivers, if there is one, and delivers everything in it. */
  void receive(const UdpSocket& socket, size_t receiver);
  void receive(const UdpSocket& socket) {
    for (size_t i = 0; i < socket.receivers(); i++) receive(socket, i);
  }
  /** The same for ESP without UDP. */
  void receive_raw(int fd);
  /** Empties a socket's error queue: path MTUs are reported, all else is the business of whoever retries. */
  void receive_errors(int fd);

  /** What the control data of a received message says. */
  struct Arrival {
    Endpoint from;
    Address to;
    uint32_t interface_index = 0;
    size_t segment = 0;  // UDP_GRO: all datagrams but the last have this size; 0 for one datagram
    uint8_t traffic_class = 0;
    uint8_t hop_limit = kUsualHopLimit;
    bool is_raw = false;  // no UDP header
  };
  /** One ESP packet from the SPI on. */
  void handle_esp(std::span<uint8_t> packet, const Arrival& arrival);
  /** One datagram as received; public for tests and fuzzing. `bytes` are changed in place and referenced until flush(). */
  void handle_datagram(const UdpSocket* socket, std::span<uint8_t> bytes, const Arrival& arrival);
  void flush() {
    coalescer_.flush();
    recent_ = {};
    restored_bytes_ = 0;
  }

 private:
  // Per system call: many when they are single datagrams, few when each is a coalesced one of up to 64 KB, so that what the kernel
  // copied is still in the processor's cache when it is decrypted.
  static constexpr size_t kMostMessages = 32, kFewestMessages = 2;
  static constexpr size_t kMessageBytes = 65'536;

  /**
   * What the packet before went through, for those after it of the same SA and flow: most of a batch. Ends with the batch, and so
   * with the epoch; a change of tables or policies is seen by the next one.
   */
  struct Recent {
    Address to;
    uint32_t spi = 0;
    Sa* sa = nullptr;
    const Interface* interface = nullptr;
    Packet allowed;  // by policy; its bytes stay until the batch ends
  };

  template <class Handle>
  void receive_batch(int fd, Handle handle);
  Sa* find_sa(const Address& to, uint32_t spi);
  std::unique_lock<SpinLock> take_turn(Sa& sa) const;
  bool open(Sa& sa, std::span<uint8_t> packet);
  void deliver(Sa& sa, std::span<uint8_t> inner, uint8_t next_header, const Arrival& arrival);
  void deliver_transport(Sa& sa, std::span<const uint8_t> upper, uint8_t next_header, const Arrival& arrival);
  uint8_t* room_for_restored(size_t bytes);
  /** What passed every check, to the TUN. */
  void hand_up(Sa& sa, Tun& tun, Packet& packet);
  bool policy_allows(const Interface& interface, const Sa& sa, const Packet& packet);
  void show_outer(const Sa* sa, std::span<const uint8_t> packet, const Arrival& arrival) const;
  void report_mapping(Sa& sa, const Endpoint& from);
  void write_frame(void* device, std::span<const iovec> parts) override;

  const Tables& tables_;
  Notices& notices_;
  DropCounters& drops_;
  const bool has_company_;
  Coalescer coalescer_;
  Tap tap_;
  std::unique_ptr<uint8_t[]> buffer_;  // pages that no message reaches are never touched
  std::unique_ptr<uint8_t[]> restored_;  // packets of transport mode with their headers
  size_t restored_bytes_ = 0;
  size_t messages_ = kFewestMessages;  // of the next call
  Recent recent_;
  PathMtuReport last_report_;
  uint64_t last_reported_at_ = 0;
};

}  // namespace xfrmd
