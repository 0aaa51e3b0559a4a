/** XFRM traffic selectors and the flow of a packet they are matched with (the kernel's xfrm_selector_match). */
#pragma once
#include "xfrm/uapi.h"

#include <cstring>

#include "net/packet.h"

namespace xfrmd {

/** Ports in network order; type and code for ICMP; zero where the packet has none (fragments). */
struct FlowKey {
  uint16_t family = 0;
  uint8_t source[16] = {}, destination[16] = {};
  uint8_t protocol = 0;
  uint16_t source_port = 0, destination_port = 0;

  static FlowKey of(const Packet& packet);
};

class Selector {
 public:
  Selector() = default;
  explicit Selector(const xfrm_selector& raw) : raw_(raw) {}

  bool matches(const FlowKey& flow) const;
  /** Unset family: matches everything. */
  bool is_empty() const { return raw_.family == 0; }
  const xfrm_selector& raw() const { return raw_; }
  bool operator==(const Selector& other) const { return std::memcmp(&raw_, &other.raw_, sizeof raw_) == 0; }

 private:
  xfrm_selector raw_{};
};

}  // namespace xfrmd
