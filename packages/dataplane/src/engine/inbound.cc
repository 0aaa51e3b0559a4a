/** Inbound processing of RFC 4303 §3.4 and RFC 4301 §5.2, behind the UDP encapsulation of RFC 3948 or without it. */
#include "engine/inbound.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "engine/limits.h"
#include "net/ecn.h"
#include "net/mss.h"

namespace xfrmd {
namespace {

constexpr size_t kEspHeader = 8;
constexpr uint8_t kNoNextHeader = 59;

/** Whether a selector can not tell two packets apart. False when in doubt, and for what has no ports. */
bool is_same_flow(const Packet& before, const Packet& now) {
  constexpr size_t kPorts = 4;
  if (before.version != now.version || before.protocol != now.protocol || !before.has_upper || !now.has_upper) return false;
  if (before.upper_length() < kPorts || now.upper_length() < kPorts) return false;
  const bool same_addresses = now.version == 4 ? std::memcmp(before.source(), now.source(), 8) == 0 : std::memcmp(before.source(), now.source(), 32) == 0;
  return same_addresses && load_raw<uint32_t>(before.data + before.upper) == load_raw<uint32_t>(now.data + now.upper);
}

}  // namespace

Inbound::Inbound(const Tables& tables, Notices& notices, DropCounters& drops, bool has_company)
    : tables_(tables), notices_(notices), drops_(drops), has_company_(has_company), coalescer_(*this), tap_(tables.captures()),
      buffer_(std::make_unique_for_overwrite<uint8_t[]>(kMostMessages * kMessageBytes)) {}

void Inbound::handle_datagram(const UdpSocket* socket, std::span<uint8_t> bytes, const Arrival& arrival) {
  if (bytes.size() == 1 && bytes[0] == 0xff) return drops_.count(Drop::KeepAlive);
  if (bytes.size() < 4 || load32(bytes.data()) == 0) {
    if (socket == nullptr || !socket->deliver_ike(bytes, arrival.from, arrival.to, arrival.interface_index)) drops_.count(Drop::IkeQueueFull);
    return;
  }
  handle_esp(bytes, arrival);
}

Sa* Inbound::find_sa(const Address& to, uint32_t spi) {
  if (recent_.sa != nullptr && recent_.spi == spi && recent_.to == to) [[likely]]
    return recent_.sa;
  Sa* sa = tables_.find_sa({to, spi, IPPROTO_ESP});
  if (sa != nullptr) recent_ = {to, spi, sa, tables_.find_interface(sa->config.if_id), {}};
  return sa;
}

void Inbound::handle_esp(std::span<uint8_t> packet, const Arrival& arrival) {
  if (packet.size() < kEspHeader) return drops_.count(Drop::MalformedEsp);
  Sa* sa = find_sa(arrival.to, load_raw<uint32_t>(packet.data()));
  if (tap_.is_on()) [[unlikely]]
    show_outer(sa, packet, arrival);
  if (sa == nullptr) return drops_.count(Drop::UnknownSpi);
  const OuterHeader& outer = *sa->outer.load(std::memory_order_acquire);
  if (outer.is_raw() != arrival.is_raw) return drops_.count(Drop::EncapsulationMismatch);
  Transform& transform = *sa->transform;
  if (packet.size() < transform.overhead() + transform.block()) return drops_.count(Drop::MalformedEsp);
  if (!open(*sa, packet)) return;
  if (outer.source != arrival.from && !arrival.is_raw) report_mapping(*sa, arrival.from);
  const auto plain = packet.subspan(kEspHeader + transform.iv_size(), packet.size() - transform.overhead());
  const size_t padding = plain[plain.size() - 2];
  if (padding + 2 > plain.size()) return drops_.count(Drop::MalformedEsp);
  deliver(*sa, plain.first(plain.size() - 2 - padding), plain[plain.size() - 1], arrival);
}

/** As it came, whatever becomes of it. Whether it had DF is not known. */
void Inbound::show_outer(const Sa* sa, std::span<const uint8_t> packet, const Arrival& arrival) const {
  constexpr uint16_t kNatTraversal = 4500;
  const uint16_t port = arrival.is_raw ? 0 : sa == nullptr ? kNatTraversal : sa->outer.load(std::memory_order_acquire)->destination.port;
  tap_.see_outer(sa, true, {arrival.from, {arrival.to, port}}, {arrival.traffic_class, true, arrival.hop_limit}, packet);
}

std::unique_lock<SpinLock> Inbound::take_turn(Sa& sa) const {
  return has_company_ ? std::unique_lock(sa.receiving) : std::unique_lock<SpinLock>();
}

/** Decrypts in place what is new and authentic; the rest is counted. */
bool Inbound::open(Sa& sa, std::span<uint8_t> packet) {
  const auto turn = take_turn(sa);
  if (!admit(sa, notices_, drops_)) return false;
  const auto sequence = sa.replay.resolve(load32(packet.data() + 4));
  if (!sequence || !sa.replay.is_fresh(*sequence)) {
    sa.replay_drops.add(1);
    drops_.count(Drop::Replayed);
    return false;
  }
  if (!sa.transform->open(packet, static_cast<uint32_t>(*sequence >> 32))) {
    sa.integrity_drops.add(1);
    drops_.count(Drop::IntegrityFailed);
    return false;
  }
  sa.replay.mark(*sequence);
  return true;
}

void Inbound::report_mapping(Sa& sa, const Endpoint& from) {
  const uint64_t now = steady_seconds();
  if (sa.mapping_reported_at.exchange(now, std::memory_order_relaxed) == now) return;  // at most once a second
  notices_.post(MappingNotice{sa.key(), from});
}

void Inbound::deliver(Sa& sa, std::span<uint8_t> inner, uint8_t next_header, const Arrival& arrival) {
  if (next_header == kNoNextHeader) return drops_.count(Drop::DummyPacket);
  if (sa.is_transport()) [[unlikely]]
    return deliver_transport(sa, inner, next_header, arrival);
  if (next_header != IPPROTO_IPIP && next_header != IPPROTO_IPV6) return drops_.count(Drop::MalformedEsp);
  auto packet = parse_packet(inner);  // trims traffic flow confidentiality padding
  if (!packet || packet->version != (next_header == IPPROTO_IPIP ? 4 : 6)) return drops_.count(Drop::MalformedInner);
  const Interface* interface = recent_.interface;
  Tun* tun = interface == nullptr ? nullptr : interface->tun.load(std::memory_order_acquire);
  if (interface != nullptr && !policy_allows(*interface, sa, *packet)) return drops_.count(Drop::InboundPolicy);
  if (tun == nullptr) return drops_.count(Drop::NoTunnel);
  uint8_t traffic_class = packet->traffic_class();
  if ((sa.config.flags & XFRM_STATE_DECAP_DSCP) != 0)
    traffic_class = static_cast<uint8_t>((arrival.traffic_class & ~kEcnMask) | (traffic_class & kEcnMask));
  if (sa.copies_ecn()) {
    const auto ecn = decapsulated_ecn(traffic_class & kEcnMask, arrival.traffic_class & kEcnMask);
    if (!ecn) return drops_.count(Drop::EcnConflict);
    traffic_class = static_cast<uint8_t>((traffic_class & ~kEcnMask) | *ecn);
  }
  if (traffic_class != packet->traffic_class()) packet->set_traffic_class(traffic_class);
  hand_up(sa, *tun, *packet);
}

void Inbound::hand_up(Sa& sa, Tun& tun, Packet& packet) {
  if (tap_.is_on()) [[unlikely]]
    tap_.see_inner(sa.config.if_id, true, {packet.data, packet.length});
  {
    const auto turn = take_turn(sa);
    account(sa, packet.length, notices_);
  }
  clamp_mss(packet, tun.mss_clamp.load(std::memory_order_relaxed), false);
  tun.counters.received_packets.add(1);
  tun.counters.received_bytes.add(packet.length);
  coalescer_.add(&tun, packet, tun.takes_udp_gso());
}

/**
 * A packet goes up when the first matching `in` or `fwd` policy asks for this very SA. Whether it will be delivered here or
 * forwarded is only known to the routing behind the TUN, so either policy will do.
 */
bool Inbound::policy_allows(const Interface& interface, const Sa& sa, const Packet& packet) {
  if (is_same_flow(recent_.allowed, packet)) [[likely]]
    return true;
  const FlowKey flow = FlowKey::of(packet);
  if (!sa.config.selector.matches(flow)) return false;
  for (const auto* list : {interface.in.load(std::memory_order_acquire), interface.forward.load(std::memory_order_acquire)}) {
    const Policy* policy = find_policy(list, flow);
    if (policy == nullptr || !policy->accepts(sa)) continue;
    policy->use.touch();
    recent_.allowed = packet;
    return true;
  }
  return false;
}

void Inbound::write_frame(void* device, std::span<const iovec> parts) {
  auto* tun = static_cast<Tun*>(device);
  if (::writev(tun->fd(), parts.data(), static_cast<int>(parts.size())) < 0) drops_.count(Drop::TunWriteFailed);
}

}  // namespace xfrmd
