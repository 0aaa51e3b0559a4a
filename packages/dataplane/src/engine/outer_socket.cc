/** Socket options by address family; struct sock_extended_err (linux/errqueue.h). */
#include "engine/outer_socket.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "base/bytes.h"

namespace xfrmd {
namespace {

// Bursts of several tunnels between two turns of a worker; the kernel charges memory only while packets wait.
constexpr int kBufferBytes = 16 << 20;

/** Beyond the system's limit with CAP_NET_ADMIN, up to it without. */
void grow_buffer(int fd, int forced_option, int option, const char* what) {
  const int bytes = kBufferBytes;
  if (::setsockopt(fd, SOL_SOCKET, forced_option, &bytes, sizeof bytes) != 0) set_option(fd, SOL_SOCKET, option, kBufferBytes, what);
}

}  // namespace

void set_option(int fd, int level, int option, int value, const char* what) {
  if (::setsockopt(fd, level, option, &value, sizeof value) != 0) throw std::system_error(errno, std::generic_category(), what);
}

void prepare_for_receiving(int fd, uint16_t family) {
  grow_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, "receive buffer");
  grow_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, "send buffer");
  if (family == AF_INET) {
    set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    set_option(fd, IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS");
    set_option(fd, IPPROTO_IP, IP_RECVTTL, 1, "IP_RECVTTL");
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
    set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT");
  }
}

void set_fragmentation(int fd, uint16_t family, bool may_fragment) {
  if (family == AF_INET) {
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, may_fragment ? IP_PMTUDISC_DONT : IP_PMTUDISC_DO, "IP_MTU_DISCOVER");
    if (!may_fragment) set_option(fd, IPPROTO_IP, IP_RECVERR, 1, "IP_RECVERR");
  } else {
    // Only the sender can fragment: to the size of the path where it is known.
    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, may_fragment ? IPV6_PMTUDISC_WANT : IPV6_PMTUDISC_DO, "IPV6_MTU_DISCOVER");
    if (!may_fragment) set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1, "IPV6_RECVERR");
  }
}

ErrorQueue read_error_queue(int fd, PathMtuReport& report) {
  sockaddr_storage destination{};
  uint8_t quoted[64];
  alignas(cmsghdr) uint8_t control[512];
  iovec part{quoted, sizeof quoted};
  msghdr header{};
  header.msg_name = &destination;
  header.msg_namelen = sizeof destination;
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  if (::recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return ErrorQueue::Empty;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    const bool is_error = (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_RECVERR) ||
                          (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_RECVERR);
    if (!is_error || item->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
    const auto error = load_raw<sock_extended_err>(CMSG_DATA(item));
    if (error.ee_errno != EMSGSIZE || error.ee_info == 0) continue;
    report = {Endpoint::from_sockaddr(destination).address, error.ee_info};
    return report.destination.family == AF_UNSPEC ? ErrorQueue::Other : ErrorQueue::PathMtu;
  }
  return ErrorQueue::Other;
}

}  // namespace xfrmd
