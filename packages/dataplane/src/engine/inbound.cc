/** Inbound processing of RFC 4303 §3.4 and RFC 4301 §5.2, behind the UDP encapsulation of RFC 3948 or without it. */
#include "engine/inbound.h"

#include <netinet/udp.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "base/clock.h"
#include "engine/limits.h"
#include "net/ecn.h"
#include "net/mss.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace xfrmd {
namespace {

constexpr size_t kEspHeader = 8;
constexpr uint8_t kNoNextHeader = 59;

Inbound::Arrival read_arrival(const sockaddr_storage& from, msghdr& header) {
  Inbound::Arrival arrival;
  arrival.from = Endpoint::from_sockaddr(from);
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    const uint8_t* data = CMSG_DATA(item);
    if (item->cmsg_level == IPPROTO_UDP && item->cmsg_type == UDP_GRO) {
      arrival.segment = static_cast<size_t>(load_raw<int>(data));
    } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      const auto info = load_raw<in_pktinfo>(data);
      arrival.to = Address::from_bytes(AF_INET, &info.ipi_addr);
      arrival.interface_index = static_cast<uint32_t>(info.ipi_ifindex);
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      const auto info = load_raw<in6_pktinfo>(data);
      arrival.to = Address::from_bytes(AF_INET6, &info.ipi6_addr);
      arrival.interface_index = info.ipi6_ifindex;
    } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TOS) {
      arrival.traffic_class = *data;
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_TCLASS) {
      arrival.traffic_class = static_cast<uint8_t>(load_raw<int>(data));
    }
  }
  return arrival;
}

}  // namespace

Inbound::Inbound(const Tables& tables, Notices& notices, DropCounters& drops)
    : tables_(tables), notices_(notices), drops_(drops), coalescer_(*this),
      buffer_(std::make_unique_for_overwrite<uint8_t[]>(kMessages * kMessageBytes)) {}

template <class Handle>
void Inbound::receive_batch(int fd, Handle handle) {
  mmsghdr messages[kMessages];
  iovec parts[kMessages];
  sockaddr_storage from[kMessages];
  alignas(cmsghdr) uint8_t control[kMessages][128];
  for (size_t i = 0; i < kMessages; i++) {
    parts[i] = {buffer_.get() + i * kMessageBytes, kMessageBytes};
    messages[i] = {};
    messages[i].msg_hdr = {&from[i], sizeof from[i], &parts[i], 1, control[i], sizeof control[i], 0};
  }
  const int received = ::recvmmsg(fd, messages, kMessages, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < received; i++) {
    msghdr& header = messages[i].msg_hdr;
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
      drops_.count(Drop::MalformedEsp);
    else
      handle(std::span(buffer_.get() + static_cast<size_t>(i) * kMessageBytes, messages[i].msg_len), read_arrival(from[i], header));
  }
  flush();
}

void Inbound::receive(const UdpSocket& socket, size_t receiver) {
  receive_batch(socket.receiver(receiver), [&](std::span<uint8_t> bytes, const Arrival& arrival) {
    const size_t step = arrival.segment == 0 ? std::max<size_t>(bytes.size(), 1) : arrival.segment;
    for (size_t offset = 0; offset < bytes.size(); offset += step)
      handle_datagram(&socket, bytes.subspan(offset, std::min(step, bytes.size() - offset)), arrival);
  });
}

void Inbound::receive_raw(int fd) {
  receive_batch(fd, [&](std::span<uint8_t> bytes, Arrival arrival) {
    arrival.is_raw = true;
    arrival.from.port = 0;
    // IPv4 raw sockets deliver the header as well, checked by the kernel; IPv6 ones don't.
    const size_t header = arrival.from.address.family == AF_INET && !bytes.empty() ? size_t{bytes[0] & 15u} * 4 : 0;
    if (header > bytes.size()) return drops_.count(Drop::MalformedEsp);
    handle_esp(bytes.subspan(header), arrival);
  });
}

void Inbound::receive_errors(int fd) {
  PathMtuReport report;
  constexpr int kPerTurn = 64;
  for (int i = 0; i < kPerTurn; i++) {
    const ErrorQueue kind = read_error_queue(fd, report);
    if (kind == ErrorQueue::Empty) return;
    if (kind == ErrorQueue::Other) continue;
    // A burst that is too big meets one refusal per packet; once a second is enough.
    const uint64_t now = steady_seconds();
    if (now == last_reported_at_ && report.mtu == last_report_.mtu && report.destination == last_report_.destination) continue;
    last_report_ = report;
    last_reported_at_ = now;
    notices_.post(PathMtuNotice{report.destination, report.mtu});
  }
}

void Inbound::handle_datagram(const UdpSocket* socket, std::span<uint8_t> bytes, const Arrival& arrival) {
  if (bytes.size() == 1 && bytes[0] == 0xff) return drops_.count(Drop::KeepAlive);
  if (bytes.size() < 4 || load32(bytes.data()) == 0) {
    if (socket == nullptr || !socket->deliver_ike(bytes, arrival.from, arrival.to, arrival.interface_index)) drops_.count(Drop::IkeQueueFull);
    return;
  }
  handle_esp(bytes, arrival);
}

void Inbound::handle_esp(std::span<uint8_t> packet, const Arrival& arrival) {
  if (packet.size() < kEspHeader) return drops_.count(Drop::MalformedEsp);
  Sa* sa = tables_.find_sa({arrival.to, load_raw<uint32_t>(packet.data()), IPPROTO_ESP});
  if (sa == nullptr) return drops_.count(Drop::UnknownSpi);
  const OuterHeader& outer = *sa->outer.load(std::memory_order_acquire);
  if (outer.is_raw() != arrival.is_raw) return drops_.count(Drop::EncapsulationMismatch);
  Transform& transform = *sa->transform;
  if (packet.size() < transform.overhead() + transform.block()) return drops_.count(Drop::MalformedEsp);
  if (!admit(*sa, notices_, drops_)) return;
  const auto sequence = sa->replay.resolve(load32(packet.data() + 4));
  if (!sequence || !sa->replay.is_fresh(*sequence)) {
    sa->replay_drops.add(1);
    return drops_.count(Drop::Replayed);
  }
  if (!transform.open(packet, static_cast<uint32_t>(*sequence >> 32))) {
    sa->integrity_drops.add(1);
    return drops_.count(Drop::IntegrityFailed);
  }
  sa->replay.mark(*sequence);
  if (outer.source != arrival.from && !arrival.is_raw) report_mapping(*sa, arrival.from);
  const auto plain = packet.subspan(kEspHeader + transform.iv_size(), packet.size() - transform.overhead());
  const size_t padding = plain[plain.size() - 2];
  if (padding + 2 > plain.size()) return drops_.count(Drop::MalformedEsp);
  deliver(*sa, plain.first(plain.size() - 2 - padding), plain[plain.size() - 1], arrival);
}

void Inbound::report_mapping(Sa& sa, const Endpoint& from) {
  const uint64_t now = steady_seconds();
  if (sa.mapping_reported_at.exchange(now, std::memory_order_relaxed) == now) return;  // at most once a second
  notices_.post(MappingNotice{sa.key(), from});
}

void Inbound::deliver(Sa& sa, std::span<uint8_t> inner, uint8_t next_header, const Arrival& arrival) {
  if (next_header == kNoNextHeader) return drops_.count(Drop::DummyPacket);
  if (next_header != IPPROTO_IPIP && next_header != IPPROTO_IPV6) return drops_.count(Drop::MalformedEsp);
  auto packet = parse_packet(inner);  // trims traffic flow confidentiality padding
  if (!packet || packet->version != (next_header == IPPROTO_IPIP ? 4 : 6)) return drops_.count(Drop::MalformedInner);
  const Interface* interface = tables_.find_interface(sa.config.if_id);
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
  account(sa, packet->length, notices_);
  clamp_mss(*packet, tun->mss_clamp.load(std::memory_order_relaxed), false);
  tun->counters.received_packets.add(1);
  tun->counters.received_bytes.add(packet->length);
  coalescer_.add(tun, *packet, tun->takes_udp_gso());
}

/**
 * A packet goes up when the first matching `in` or `fwd` policy asks for this very SA. Whether it will be delivered here or
 * forwarded is only known to the routing behind the TUN, so either policy will do.
 */
bool Inbound::policy_allows(const Interface& interface, const Sa& sa, const Packet& packet) {
  const FlowKey flow = FlowKey::of(packet);
  if (!sa.config.selector.matches(flow)) return false;
  for (const auto* list : {interface.in.load(std::memory_order_acquire), interface.forward.load(std::memory_order_acquire)}) {
    const Policy* policy = find_policy(list, flow);
    if (policy == nullptr || !policy->accepts(sa)) continue;
    policy->touch(wall_seconds());
    return true;
  }
  return false;
}

void Inbound::write_frame(void* device, std::span<const iovec> parts) {
  auto* tun = static_cast<Tun*>(device);
  if (::writev(tun->fd(), parts.data(), static_cast<int>(parts.size())) < 0) drops_.count(Drop::TunWriteFailed);
}

}  // namespace xfrmd
