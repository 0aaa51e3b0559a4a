/** The 10-byte virtio_net_hdr in front of each TUN frame (IFF_VNET_HDR), with the UDP GSO type that Debian 12's header lacks. */
#pragma once
#include <cstddef>
#include <cstdint>

namespace xfrmd {

struct VirtioHeader {
  uint8_t flags = 0;
  uint8_t gso_type = 0;
  uint16_t header_length = 0;
  uint16_t gso_size = 0;
  uint16_t checksum_start = 0;
  uint16_t checksum_offset = 0;
};
static_assert(sizeof(VirtioHeader) == 10);

inline constexpr uint8_t kVirtioNeedsChecksum = 1;
inline constexpr uint8_t kVirtioGsoNone = 0, kVirtioGsoTcp4 = 1, kVirtioGsoTcp6 = 4, kVirtioGsoUdp = 5, kVirtioGsoEcn = 0x80;

}  // namespace xfrmd
