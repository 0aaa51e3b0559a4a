/**
 * ESP without UDP encapsulation (IP protocol 50) through raw sockets, one pair per address family. A slow path: the kernel has
 * neither segmentation nor coalescing for it. Opening needs CAP_NET_RAW, using it does not.
 */
#pragma once
#include <array>

#include "base/fd.h"
#include "net/address.h"

namespace xfrmd {

class RawSockets {
 public:
  /** None: SAs without encapsulation are refused. */
  RawSockets() = default;
  /** Those of the families that the host and our privileges allow. */
  static RawSockets open();

  /** -1 when there is none. What arrives comes in on the first of the pair, where packets stay whole. */
  int fd(uint16_t family, bool may_fragment) const { return pair(family)[may_fragment ? 1 : 0].get(); }
  bool has(uint16_t family) const { return fd(family, false) >= 0; }

 private:
  using Pair = std::array<Fd, 2>;
  const Pair& pair(uint16_t family) const { return family == AF_INET ? v4_ : v6_; }
  static Pair open(uint16_t family);
  Pair v4_, v6_;
};

}  // namespace xfrmd
