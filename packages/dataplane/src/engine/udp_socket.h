/**
 * An IKE daemon's UDP socket on the NAT-T port, handed over with its end of the channel that takes IKE packets back, and two of
 * our own on the same address and port that ESP leaves through. The daemon's own is left as it is: its file description is
 * shared, and options that suit ESP (DF, errors of earlier packets) would hit IKE.
 */
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "base/fd.h"
#include "engine/drops.h"
#include "net/address.h"

namespace xfrmd {

class UdpSocket {
 public:
  /**
   * With several receiving workers there are as many sockets to receive from, and the kernel spreads peers over them by address and port:
   * what one peer sends stays in order. @throws std::system_error when it is no UDP socket or its port can't be shared.
   */
  UdpSocket(uint32_t socket_id, Fd socket, int ike_channel, int owner_pid, size_t receiving_workers = 1);
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  int fd(bool may_fragment) const { return may_fragment ? fragmenting_.get() : whole_.front().get(); }
  /** Any of them may get what arrives; in practice the kernel takes the one bound last, or one of those that share the work. */
  size_t receivers() const { return kOthers + whole_.size(); }
  int receiver(size_t index) const { return index == 0 ? daemons_.get() : index == 1 ? fragmenting_.get() : whole_[index - kOthers].get(); }
  /** Which of the receiving workers has it. */
  static size_t worker_of(size_t index) { return index < kOthers ? 0 : index - kOthers; }
  /** Whether packets with this source can leave here. */
  bool serves(const Endpoint& source) const {
    return local.address.family == source.address.family && local.port == source.port &&
           (local.address.is_any() || local.address == source.address);
  }
  /** Passes one datagram to the daemon with where it came from and was sent to; false when its queue is full. */
  bool deliver_ike(std::span<const uint8_t> datagram, const Endpoint& from, const Address& to, uint32_t interface_index) const;

  const uint32_t id;
  const int owner_pid;
  const Endpoint local;

 private:
  Fd daemons_;
  Fd ike_;
  static constexpr size_t kOthers = 2;
  Fd fragmenting_;
  std::vector<Fd> whole_;  // bound after the other: ICMP errors go to the last. One per receiving worker
};

using SocketList = std::vector<std::shared_ptr<UdpSocket>>;

/** The most specific socket for a source, or none. */
inline const UdpSocket* find_socket(const SocketList* sockets, const Endpoint& source) {
  const UdpSocket* wildcard = nullptr;
  if (sockets != nullptr)
    for (const auto& socket : *sockets) {
      if (!socket->serves(source)) continue;
      if (!socket->local.address.is_any()) return socket.get();
      wildcard = socket.get();
    }
  return wildcard;
}

}  // namespace xfrmd
