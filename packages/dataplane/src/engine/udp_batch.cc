/** sendmmsg with UDP_SEGMENT, source address, TOS and, where it is not the kernel's to choose, hop limit per message. */
#include "engine/udp_batch.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>
#include <cstring>
#include <utility>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace xfrmd {
namespace {

/** A message header with its control data; builds in place, so it must not move. Nothing is there before prepare(). */
struct Outgoing {
  iovec part;
  sockaddr_storage to;
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int))];
  msghdr header;

  Outgoing() {}  // not `= default`: thirty-two of them would be cleared for every message
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  template <class T>
  void put(int level, int type, const T& value) {
    auto* item = reinterpret_cast<cmsghdr*>(control + header.msg_controllen);
    // What is behind a short value is skipped by the kernel, but handed to it.
    std::memset(control + header.msg_controllen + CMSG_SPACE(sizeof value) - alignof(cmsghdr), 0, alignof(cmsghdr));
    item->cmsg_level = level;
    item->cmsg_type = type;
    item->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(item), &value, sizeof value);
    header.msg_controllen += CMSG_SPACE(sizeof value);
  }

  void prepare(uint8_t* data, size_t length, const OuterHeader& outer, OuterMarking marking, uint16_t segment) {
    part = {data, length};
    header = {};
    header.msg_name = &to;
    header.msg_namelen = outer.destination.to_sockaddr(to);
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    if (segment != 0) put(IPPROTO_UDP, UDP_SEGMENT, segment);
    const Address& source = outer.source.address;
    if (source.family == AF_INET) {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, source.bytes.data(), 4);
      put(IPPROTO_IP, IP_PKTINFO, info);
      put(IPPROTO_IP, IP_TOS, int{marking.traffic_class});
      if (marking.hop_limit != 0) put(IPPROTO_IP, IP_TTL, int{marking.hop_limit});
    } else {
      in6_pktinfo info{};
      std::memcpy(&info.ipi6_addr, source.bytes.data(), 16);
      put(IPPROTO_IPV6, IPV6_PKTINFO, info);
      put(IPPROTO_IPV6, IPV6_TCLASS, int{marking.traffic_class});
      if (marking.hop_limit != 0) put(IPPROTO_IPV6, IPV6_HOPLIMIT, int{marking.hop_limit});
    }
  }
};

/** What a path or device without UDP segmentation answers: EINVAL, EMSGSIZE above the path MTU, EIO without checksum offload. */
bool refuses_segmentation(int error) { return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP; }

/**
 * Full queues (IP_RECVERR makes those of the device heard as well). Any other error may be what an earlier packet met on its
 * way, which says nothing of this one: the same call is worth a second try.
 */
bool is_congestion(int error) { return error == EAGAIN || error == ENOBUFS || error == ENOMEM; }

}  // namespace

UdpBatch::UdpBatch(const Tables& tables, DropCounters& drops)
    : tables_(tables), drops_(drops), buffer_(std::make_unique_for_overwrite<uint8_t[]>(kCapacity)) {}

uint8_t* UdpBatch::reserve(size_t size) {
  if (used_ + size > kCapacity || count_ == kMaxMessages) flush();
  return buffer_.get() + used_;
}

bool UdpBatch::appends(const Message& last, size_t size, const OuterHeader& outer, OuterMarking marking) const {
  return !last.is_closed && !outer.is_raw() && size <= last.segment && last.length + size <= kMaxMessageBytes && last.segments < kMaxSegments &&
         last.marking == marking && last.outer.destination == outer.destination && last.outer.source == outer.source;
}

void UdpBatch::commit(size_t size, const OuterHeader& outer, OuterMarking marking) {
  if (count_ > 0 && appends(messages_[count_ - 1], size, outer, marking)) {
    Message& last = messages_[count_ - 1];
    last.length += size;
    last.segments += 1;
    last.is_closed = size < last.segment;  // only the last datagram of a message may be shorter
  } else {
    messages_[count_++] = {used_, size, size, 1, false, marking, outer};
  }
  used_ += size;
  if (used_ >= kSendAt) flush();
}

/** -1 when no socket has the message's source. */
int UdpBatch::socket_of(const Message& message) const {
  const Endpoint& source = message.outer.source;
  if (message.outer.is_raw()) return tables_.raw_sockets().fd(source.address.family, message.marking.may_fragment);
  const UdpSocket* socket = find_socket(tables_.sockets(), source);
  return socket == nullptr ? -1 : socket->fd(message.marking.may_fragment);
}

void UdpBatch::flush() {
  for (size_t first = 0; first < count_;) {
    const int fd = socket_of(messages_[first]);
    size_t end = first + 1;
    while (end < count_ && socket_of(messages_[end]) == fd) end++;
    if (fd >= 0)
      send(fd, first, end);
    else
      for (size_t i = first; i < end; i++) drops_.count(Drop::NoSocket, messages_[i].segments);
    first = end;
  }
  count_ = used_ = 0;
}

void UdpBatch::send(int fd, size_t first, size_t end) {
  Outgoing outgoing[kMaxMessages];
  mmsghdr headers[kMaxMessages];
  for (size_t i = first; i < end; i++) {
    const Message& message = messages_[i];
    const auto segment = static_cast<uint16_t>(message.segments > 1 ? message.segment : 0);
    outgoing[i].prepare(buffer_.get() + message.offset, message.length, message.outer, message.marking, segment);
    headers[i].msg_hdr = outgoing[i].header;
  }
  bool is_retry = false;
  for (size_t next = first; next < end;) {
    const int sent = ::sendmmsg(fd, headers + next, static_cast<unsigned>(end - next), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      next += static_cast<size_t>(sent);
      is_retry = false;
      continue;
    }
    if (errno == EINTR) continue;
    if (!is_congestion(errno) && !std::exchange(is_retry, true)) continue;
    is_retry = false;
    if (messages_[next].segments > 1 && refuses_segmentation(errno))
      send_singly(fd, messages_[next]);
    else
      count_failure(errno, messages_[next].segments);
    next += 1;
  }
}

void UdpBatch::count_failure(int error, size_t packets) { drops_.count(error == EMSGSIZE ? Drop::PacketTooBig : Drop::SendFailed, packets); }

void UdpBatch::send_singly(int fd, const Message& message) {
  segmentation_fallbacks.add(1);
  for (size_t offset = 0; offset < message.length; offset += message.segment) {
    Outgoing outgoing;
    const size_t length = std::min(message.segment, message.length - offset);
    outgoing.prepare(buffer_.get() + message.offset + offset, length, message.outer, message.marking, 0);
    if (::sendmsg(fd, &outgoing.header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) count_failure(errno, 1);
  }
}

}  // namespace xfrmd
