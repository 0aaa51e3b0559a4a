/** Options of a handed-over socket and its two siblings. */
#include "engine/udp_socket.h"

#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>
#include <system_error>

#include "engine/outer_socket.h"
#include "handover.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace xfrmd {
namespace {

Endpoint local_endpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  int type = 0, protocol = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    throw std::system_error(errno, std::generic_category(), "handed-over socket");
  if (type != SOCK_DGRAM || protocol != IPPROTO_UDP || (storage.ss_family != AF_INET && storage.ss_family != AF_INET6))
    throw std::system_error(EPROTOTYPE, std::generic_category(), "handed-over socket is not UDP");
  return Endpoint::from_sockaddr(storage);
}

void receive_batches(int fd, uint16_t family) {
  prepare_for_receiving(fd, family);
  set_option(fd, IPPROTO_UDP, UDP_GRO, 1, "UDP_GRO");
}

/** A socket on the same address and port, with the mark by which the daemon keeps its packets out of the tunnels. */
Fd make_sibling(int original, bool may_fragment, bool shares_work = false) {
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  int mark = 0;
  socklen_t mark_size = sizeof mark;
  if (::getsockname(original, reinterpret_cast<sockaddr*>(&local), &length) != 0 ||
      ::getsockopt(original, SOL_SOCKET, SO_MARK, &mark, &mark_size) != 0)
    throw std::system_error(errno, std::generic_category(), "handed-over socket");
  Fd sibling(::socket(local.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
  if (!sibling) throw std::system_error(errno, std::generic_category(), "socket beside the handed-over one");
  set_option(original, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  set_option(sibling.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (shares_work) set_option(sibling.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  if (local.ss_family == AF_INET6) set_option(sibling.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  if (mark != 0) set_option(sibling.get(), SOL_SOCKET, SO_MARK, mark, "SO_MARK");
  receive_batches(sibling.get(), local.ss_family);
  set_fragmentation(sibling.get(), local.ss_family, may_fragment);
  if (::bind(sibling.get(), reinterpret_cast<const sockaddr*>(&local), length) != 0)
    throw std::system_error(errno, std::generic_category(), "binding beside the handed-over socket");
  return sibling;
}

}  // namespace

UdpSocket::UdpSocket(uint32_t socket_id, Fd socket, int ike_channel, int owner, size_t receiving_workers)
    : id(socket_id), owner_pid(owner), local(local_endpoint(socket.get())), daemons_(std::move(socket)), ike_(::dup(ike_channel)),
      fragmenting_(make_sibling(daemons_.get(), true)) {
  for (size_t i = 0; i < receiving_workers; i++) whole_.push_back(make_sibling(daemons_.get(), false, receiving_workers > 1));
  if (!ike_) throw std::system_error(errno, std::generic_category(), "IKE channel");
  receive_batches(daemons_.get(), local.address.family);
}

bool UdpSocket::deliver_ike(std::span<const uint8_t> datagram, const Endpoint& from, const Address& to, uint32_t interface_index) const {
  xfrmd_ike_header header{};
  from.to_sockaddr(header.from);
  std::memcpy(&header.to, to.bytes.data(), sizeof header.to);
  header.interface_index = interface_index;
  header.family = local.address.family;
  iovec parts[] = {{&header, sizeof header}, {const_cast<uint8_t*>(datagram.data()), datagram.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return ::sendmsg(ike_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

}  // namespace xfrmd
