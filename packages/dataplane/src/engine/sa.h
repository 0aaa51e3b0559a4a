/**
 * One security association as workers see it. Made and published by the control thread; afterwards only counters, sequence
 * numbers and the replay window change. An outbound SA is written by the worker of its if_id's TUN alone, an inbound one by the
 * receiving worker; where there are several of those, a peer's packets reach one of them, and a lock is there for the moment in which the
 * peer's address changes and for those who replay its packets from elsewhere.
 */
#pragma once
#include "xfrm/uapi.h"

#include <atomic>
#include <memory>

#include "base/spin_lock.h"
#include "engine/drops.h"
#include "engine/use_time.h"
#include "esp/replay.h"
#include "esp/transform.h"
#include "net/address.h"
#include "xfrm/selector.h"

namespace xfrmd {

/** What identifies an SA on the wire. SPI in network order. */
struct SaKey {
  Address destination;
  uint32_t spi = 0;
  uint8_t protocol = 0;
  bool operator==(const SaKey&) const = default;
};

struct SaKeyHash {
  size_t operator()(const SaKey& key) const {
    // SPIs we allot are random; the destination only matters for the peers' ones, where equal SPIs are rare.
    uint32_t tail;
    std::memcpy(&tail, key.destination.bytes.data() + (key.destination.family == AF_INET ? 0 : 12), 4);
    return (key.spi * 0x9e3779b1u) ^ (tail * 0x85ebca6bu) ^ (key.spi >> 15);
  }
};

/** Outer addresses with the ports of UDP encapsulation, zero without; replaced as a whole when an update moves the SA's peer. */
struct OuterHeader {
  Endpoint source, destination;
  /** IP protocol 50 instead of UDP. */
  bool is_raw() const { return destination.port == 0; }
  uint32_t ip_size() const { return destination.address.family == AF_INET ? 20 : 40; }
  /** Bytes in front of the ESP header. */
  uint32_t size() const { return ip_size() + (is_raw() ? 0 : 8); }
};

struct Lifetime {
  std::atomic<uint64_t> soft_bytes{UINT64_MAX}, hard_bytes{UINT64_MAX}, soft_packets{UINT64_MAX}, hard_packets{UINT64_MAX};
};

struct Sa {
  struct Config {
    SaKey key;  // when it was made
    uint32_t if_id = 0, reqid = 0;
    uint8_t flags = 0;         // XFRM_STATE_*
    uint32_t extra_flags = 0;  // XFRM_SA_XFLAG_*
    Selector selector;
    uint32_t replay_window = 0;
    uint8_t mode = XFRM_MODE_TUNNEL;  // or XFRM_MODE_TRANSPORT
  };

  Sa(Config with, OuterHeader outer_header, std::unique_ptr<Transform> esp)
      : config(std::move(with)), transform(std::move(esp)), replay(config.replay_window, extended()),
        outer(new OuterHeader(std::move(outer_header))) {}
  ~Sa() { delete outer.load(std::memory_order_relaxed); }
  Sa(const Sa&) = delete;
  Sa& operator=(const Sa&) = delete;

  bool extended() const { return (config.flags & XFRM_STATE_ESN) != 0; }
  bool is_transport() const { return config.mode == XFRM_MODE_TRANSPORT; }
  bool copies_ecn() const { return (config.flags & XFRM_STATE_NOECN) == 0; }

  /** Where it is found now: its destination moves with the outer header. */
  SaKey key() const { return {outer.load(std::memory_order_acquire)->destination.address, config.key.spi, config.key.protocol}; }

  /** Control thread: what is known of the way to the peer now; 0 for nothing. */
  void set_path_mtu(uint32_t mtu);

  SpinLock receiving;  // taken where several workers receive
  const Config config;
  const std::unique_ptr<Transform> transform;
  ReplayWindow replay;
  std::atomic<uint64_t> last_sent{0};  // sequence number of the last packet sealed
  std::atomic<const OuterHeader*> outer;
  std::atomic<uint32_t> path_mtu{0};
  std::atomic<uint32_t> largest_inner{UINT32_MAX};  // the longest inner packet whose outer one the path takes whole
  Lifetime lifetime;
  Counter bytes, packets;  // inner bytes
  UseTime use;
  Counter replay_drops, integrity_drops;
  std::atomic<bool> is_soft_reported{false}, is_expired{false};
  std::atomic<uint64_t> mapping_reported_at{0};
};

}  // namespace xfrmd
