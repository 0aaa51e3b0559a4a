/** A TUN device of one if_id: created with offloads, gone when the object is. Frames carry a VirtioHeader. */
#pragma once
#include <sys/uio.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "base/fd.h"
#include "engine/drops.h"

namespace xfrmd {

struct TunCounters {
  SharedCounter received_packets, received_bytes;  // out of the tunnel, written to the TUN
  Counter transmitted_packets, transmitted_bytes;  // into the tunnel, read from the TUN
};

class Tun {
 public:
  /** @throws std::system_error EBUSY when the name is taken, EPERM without CAP_NET_ADMIN. */
  Tun(uint32_t interface_id, const std::string& name);
  /** Over something that is open already and keeps message boundaries as a TUN does. */
  Tun(uint32_t interface_id, const std::string& name, Fd device);
  ~Tun() = default;
  Tun(const Tun&) = delete;
  Tun& operator=(const Tun&) = delete;

  /** @throws std::system_error */
  void set_mtu(unsigned mtu);
  void bring_up();

  int fd() const { return fd_.get(); }
  /** False once somebody deleted the link (`ip link delete`). */
  bool is_alive() const { return !current_name().empty(); }
  /** Somebody may have renamed the link; empty once it was deleted. */
  std::string current_name() const;
  bool takes_udp_gso() const { return takes_udp_gso_; }

  const uint32_t if_id;
  const std::string name;
  std::atomic<unsigned> mtu{0};
  std::atomic<uint16_t> mss_clamp{0};  // 0: off
  TunCounters counters;

 private:
  void deepen_queue() const;
  void disable_address_generation() const;

  Fd fd_;
  bool takes_udp_gso_ = true;
};

/** Linux interface name rules, a little stricter: letters, digits, `-_.`, 1 to 15. */
bool is_interface_name(const std::string& name);

}  // namespace xfrmd
