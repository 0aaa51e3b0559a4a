/** Options of a handed-over socket. The file description is shared with the daemon: flags like O_NONBLOCK stay untouched. */
#include "engine/udp_socket.h"

#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>
#include <system_error>

#include "handover.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace xfrmd {
namespace {

// Bursts of several tunnels between two turns of a worker; the kernel charges memory only while packets wait.
constexpr int kBufferBytes = 16 << 20;

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

void set_option(int fd, int level, int option, int value, const char* what) {
  if (::setsockopt(fd, level, option, &value, sizeof value) != 0) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

UdpSocket::UdpSocket(uint32_t socket_id, Fd socket, int ike_channel, int owner)
    : id(socket_id), owner_pid(owner), local(local_endpoint(socket.get())), fd_(std::move(socket)), ike_(::dup(ike_channel)) {
  if (!ike_) throw std::system_error(errno, std::generic_category(), "IKE channel");
  set_option(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, kBufferBytes, "receive buffer");
  set_option(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, kBufferBytes, "send buffer");
  set_option(fd_.get(), IPPROTO_UDP, UDP_GRO, 1, "UDP_GRO");
  if (local.address.family == AF_INET) {
    set_option(fd_.get(), IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    set_option(fd_.get(), IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS");
  } else {
    set_option(fd_.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    set_option(fd_.get(), IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
  }
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
