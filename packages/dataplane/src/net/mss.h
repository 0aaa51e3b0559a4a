/** Lowers the MSS option of TCP SYNs so that segments fit the tunnel. Never raises it, touches nothing else. */
#pragma once
#include "net/packet.h"

namespace xfrmd {

/**
 * `checksum_is_partial`: the sender left the TCP checksum to us (only the pseudo-header is in the field), so it isn't patched.
 * Returns true when the packet was changed.
 */
bool clamp_mss(Packet& packet, uint16_t mss, bool checksum_is_partial);

}  // namespace xfrmd
