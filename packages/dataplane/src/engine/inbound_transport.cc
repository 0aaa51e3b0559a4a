/** Transport mode on its way in: the header that the packet had on the wire goes in front of what was decrypted, in a copy. */
#include <cstring>

#include "engine/inbound.h"
#include "engine/transport.h"

namespace xfrmd {

/** Of up to a batch's worth of packets, until flush(): what is merged must stay where it is. */
uint8_t* Inbound::room_for_restored(size_t bytes) {
  constexpr size_t kRoom = 4 * kMessageBytes;  // more than one packet needs, whatever its length
  if (restored_ == nullptr) restored_ = std::make_unique_for_overwrite<uint8_t[]>(kRoom);
  if (restored_bytes_ + bytes > kRoom) {
    coalescer_.flush();
    recent_.allowed = {};
    restored_bytes_ = 0;
  }
  return restored_.get() + std::exchange(restored_bytes_, restored_bytes_ + bytes);
}

/**
 * The addresses are those of the wire, and must be the SA's: after a NAT has changed the peer's, its packets are refused until the IKE
 * daemon has moved the SA (it is told), for nothing else says whose they are.
 */
void Inbound::deliver_transport(Sa& sa, std::span<const uint8_t> upper, uint8_t next_header, const Arrival& arrival) {
  const OuterHeader& outer = *sa.outer.load(std::memory_order_acquire);
  if (outer.source.address != arrival.from.address) return drops_.count(Drop::TransportAddress);
  uint8_t* room = room_for_restored(kTransportHeaderRoom + upper.size());
  std::memcpy(room + kTransportHeaderRoom, upper.data(), upper.size());
  Drop cause = Drop::MalformedInner;
  auto packet = restore_transport(room, upper.size(), {arrival.from.address, arrival.to, arrival.traffic_class, arrival.hop_limit, next_header, !arrival.is_raw}, cause);
  if (!packet) return drops_.count(cause);
  const Interface* interface = recent_.interface;
  Tun* tun = interface == nullptr ? nullptr : interface->tun.load(std::memory_order_acquire);
  if (interface != nullptr && !policy_allows(*interface, sa, *packet)) return drops_.count(Drop::InboundPolicy);
  if (tun == nullptr) return drops_.count(Drop::NoTunnel);
  hand_up(sa, *tun, *packet);
}

}  // namespace xfrmd
