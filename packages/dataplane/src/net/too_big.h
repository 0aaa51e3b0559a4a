/**
 * The answer to an inner packet that does not fit through the tunnel: ICMP "fragmentation needed" (RFC 1191) or ICMPv6
 * "packet too big" (RFC 4443 §3.2). Decides whether an answer is allowed and writes it; when to send one is the engine's matter.
 */
#pragma once
#include <array>

#include "net/packet.h"

namespace xfrmd {

/** Room for the longest answer: the IPv6 minimum MTU. */
using TooBigAnswer = std::array<uint8_t, 1280>;

/** The smallest MTU an IPv6 link may have (RFC 8200 §5): no smaller one is reported, such packets are fragmented outside. */
inline constexpr uint32_t kIpv6MinimumMtu = 1280;

/**
 * Writes the answer for the sender of `offending`, as if from its destination: the one address whose way back is sure to be
 * this tunnel, so that reverse-path filters take it. Returns its length, or 0 where RFC 1122 §3.2.2 and RFC 4443 §2.4 forbid one.
 */
size_t write_too_big(const Packet& offending, uint32_t mtu, TooBigAnswer& answer);

}  // namespace xfrmd
