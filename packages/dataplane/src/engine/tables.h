/**
 * What workers read: SAs by destination and SPI, interfaces by if_id, sockets. Written by the control thread only; everything
 * taken out is retired through the epoch, so a worker inside a batch never holds a dangling pointer.
 */
#pragma once
#include <map>
#include <memory>

#include "base/concurrent_map.h"
#include "base/epoch.h"
#include "capture/tap.h"
#include "engine/policy.h"
#include "engine/raw_socket.h"
#include "engine/sa.h"
#include "engine/tun.h"
#include "engine/udp_socket.h"

namespace xfrmd {

/** All that belongs to one if_id. Exists while it has a TUN or a policy. */
struct Interface {
  std::atomic<Tun*> tun{nullptr};
  std::atomic<const PolicyList*> out{nullptr}, in{nullptr}, forward{nullptr};
};

class Tables {
 public:
  explicit Tables(RawSockets raw_sockets = {}) : raw_sockets_(std::move(raw_sockets)), sas_(epoch_), interfaces_(epoch_) {}
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  // Workers, inside the epoch.
  Sa* find_sa(const SaKey& key) const { return sas_.find(key); }
  Interface* find_interface(uint32_t if_id) const { return interfaces_.find(if_id); }
  const SocketList* sockets() const { return sockets_.load(std::memory_order_acquire); }
  const RawSockets& raw_sockets() const { return raw_sockets_; }
  const CaptureBoard& captures() const { return captures_; }
  Epoch& epoch() { return epoch_; }

  // Control thread. The tables share ownership of TUNs, policies and sockets; SAs are the SAD's.
  void publish_sa(Sa& sa) { sas_.put(sa.key(), &sa); }
  /** The SA is not found by packets any more; retire it when no policy points at it either. */
  void unpublish_sa(const Sa& sa) { sas_.erase(sa.key()); }
  void replace_outer(Sa& sa, OuterHeader outer);
  /** The same with another destination; the caller made sure that its key is free. */
  void move_sa(Sa& sa, OuterHeader outer);
  void publish_policies(uint32_t if_id, uint8_t direction, std::shared_ptr<const PolicyList> list);
  void publish_tun(std::shared_ptr<Tun> tun);
  void remove_tun(std::shared_ptr<Tun> tun);
  void publish_sockets(std::shared_ptr<const SocketList> sockets);
  /** Null when nothing is captured. */
  void publish_captures(std::shared_ptr<const CaptureList> captures);

 private:
  struct OwnedInterface {
    std::shared_ptr<Interface> interface;
    std::shared_ptr<Tun> tun;
    std::shared_ptr<const PolicyList> lists[XFRM_POLICY_MAX];
  };
  OwnedInterface& owned(uint32_t if_id);
  void drop_if_empty(uint32_t if_id);

  const RawSockets raw_sockets_;
  Epoch epoch_;
  ConcurrentMap<SaKey, Sa, SaKeyHash> sas_;
  ConcurrentMap<uint32_t, Interface> interfaces_;
  std::map<uint32_t, OwnedInterface> owned_interfaces_;
  std::shared_ptr<const SocketList> owned_sockets_;
  std::atomic<const SocketList*> sockets_{nullptr};
  std::shared_ptr<const CaptureList> owned_captures_;
  CaptureBoard captures_;
};

}  // namespace xfrmd
