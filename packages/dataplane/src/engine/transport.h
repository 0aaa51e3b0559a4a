/**
 * Transport mode of RFC 4303 §3.1.1: which packets may go, and the IP header that those who come get back. The outer header is
 * the packet's own and the kernel writes it, so what the kernel can not be told (IPv4 options, IPv6 hop-by-hop options and routing headers,
 * a fragment's place) is refused. Knows nothing of SAs' keys and policies.
 */
#pragma once
#include <optional>

#include "engine/drops.h"
#include "engine/sa.h"
#include "net/packet.h"

namespace xfrmd {

/** Whether a packet is between the ends of an SA: only then is the outer header its own. */
bool is_between_ends(const OuterHeader& outer, const Packet& packet);

/** Which part of a packet goes into ESP, and what it is. */
struct EspPayload {
  size_t offset;
  uint8_t next_header;
};

/**
 * That of a packet between the ends of an SA: what is behind the IP header, IPv6 destination options included (RFC 4303 §3.1.1 allows
 * them on either side of ESP). Nothing, and the cause, where something else would have to stay in front.
 */
std::optional<EspPayload> transport_payload(const Packet& packet, Drop& cause);

/** What a receiver knows of the outer header of a packet. */
struct TransportArrival {
  Address source, destination;
  uint8_t traffic_class = 0, hop_limit = 0, protocol = 0;
  /** The way may have had a NAT: checksums over the addresses are made anew (RFC 3948 §3.1.2); the ICV vouches for the rest. */
  bool is_encapsulated = false;
};

inline constexpr size_t kTransportHeaderRoom = 40;

/**
 * Makes an IP packet of the upper-layer bytes at `buffer` + kTransportHeaderRoom by writing a header in front of them. Nothing, and
 * the cause, where they are not what their protocol says.
 */
std::optional<Packet> restore_transport(uint8_t* buffer, size_t upper_length, const TransportArrival& arrival, Drop& cause);

}  // namespace xfrmd
