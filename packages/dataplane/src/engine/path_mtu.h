/** Path MTUs that were learned, by outer destination, until they are too old to be believed. Control thread only. */
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "net/address.h"

namespace xfrmd {

class PathMtus {
 public:
  // As long as the kernel keeps one (net.ipv4.route.mtu_expires); then the path is tried at full size again.
  static constexpr uint64_t kSeconds = 600;
  // No smaller one is believed: it could only be an error or an attack (net.ipv4.route.min_pmtu; RFC 8200 §5).
  static constexpr uint32_t kSmallestIpv4 = 552, kSmallestIpv6 = 1280;

  /** True when it says something new: reports only ever lower what is known. `now`: steady seconds. */
  bool learn(const Address& destination, uint32_t mtu, uint64_t now);
  /** 0: not known. */
  uint32_t find(const Address& destination) const;
  /** Forgets old ones and returns whose they were. */
  std::vector<Address> expire(uint64_t now);

 private:
  struct Hash {
    size_t operator()(const Address& address) const;
  };
  struct Learned {
    uint32_t mtu;
    uint64_t expires_at;
  };
  std::unordered_map<Address, Learned, Hash> learned_;
};

}  // namespace xfrmd
