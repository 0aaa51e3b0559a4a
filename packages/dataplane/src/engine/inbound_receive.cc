/** Batches from sockets, with what their control data says of how each message arrived. */
#include <netinet/udp.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/clock.h"
#include "engine/inbound.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace xfrmd {
namespace {

// About what one batch should bring: half of a small second-level cache.
constexpr size_t kReceiveBytes = 128 * 1024;

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
    } else if ((item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TTL) || (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_HOPLIMIT)) {
      arrival.hop_limit = static_cast<uint8_t>(load_raw<int>(data));
    }
  }
  return arrival;
}

}  // namespace

template <class Handle>
void Inbound::receive_batch(int fd, Handle handle) {
  mmsghdr messages[kMostMessages];
  iovec parts[kMostMessages];
  sockaddr_storage from[kMostMessages];
  alignas(cmsghdr) uint8_t control[kMostMessages][192];
  for (size_t i = 0; i < messages_; i++) {
    parts[i] = {buffer_.get() + i * kMessageBytes, kMessageBytes};
    messages[i] = {};
    messages[i].msg_hdr = {&from[i], sizeof from[i], &parts[i], 1, control[i], sizeof control[i], 0};
  }
  tap_.look();
  const int received = ::recvmmsg(fd, messages, static_cast<unsigned>(messages_), MSG_DONTWAIT, nullptr);
  size_t bytes = 0;
  for (int i = 0; i < received; i++) {
    msghdr& header = messages[i].msg_hdr;
    bytes += messages[i].msg_len;
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
      drops_.count(Drop::MalformedEsp);
    else
      handle(std::span(buffer_.get() + static_cast<size_t>(i) * kMessageBytes, messages[i].msg_len), read_arrival(from[i], header));
  }
  flush();
  if (received > 0) messages_ = std::clamp(kReceiveBytes * static_cast<size_t>(received) / std::max<size_t>(bytes, 1), kFewestMessages, kMostMessages);
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

}  // namespace xfrmd
