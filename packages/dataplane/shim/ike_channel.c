/*
 * A UDP socket that xfrmd took over. The daemon's descriptor becomes a connection to xfrmd on which IKE datagrams arrive, each
 * behind its xfrmd_ike_header; the UDP socket itself stays open under another number for everything but receiving.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "handover.h"
#include "shim.h"

static _Atomic int real_sockets[SHIM_MAX_FD];

int ike_real_socket(int fd) { return atomic_load_explicit(&real_sockets[fd], memory_order_acquire); }

void ike_forget(int fd) { libc()->close(ike_real_socket(fd)); }

static bool send_socket(int channel, int udp) {
  struct nlmsghdr header = {.nlmsg_len = sizeof header, .nlmsg_type = XFRMD_MSG_HANDOVER};
  struct iovec part = {&header, sizeof header};
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control = {{0}};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  struct cmsghdr *item = CMSG_FIRSTHDR(&message);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(sizeof udp);
  memcpy(CMSG_DATA(item), &udp, sizeof udp);
  return libc()->sendmsg(channel, &message, MSG_NOSIGNAL) == (ssize_t)sizeof header;
}

bool ike_hand_over(int fd) {
  if (fd >= SHIM_MAX_FD) {
    errno = EMFILE;
    return false;
  }
  const int channel = shim_dial(SOCK_CLOEXEC);
  /* Without the engine a daemon would run on and drop every ESP packet: end at once instead. */
  if (channel < 0 || !send_socket(channel, fd)) shim_die("xfrmd does not take the UDP socket over");
  struct xfrmd_handover_reply reply = {.error = EIO};
  if (libc()->recv(channel, &reply, sizeof reply, 0) != (ssize_t)sizeof reply) shim_die("xfrmd is gone");
  if (reply.error != 0) {
    libc()->close(channel);
    errno = reply.error;
    return false;
  }
  const int close_on_exec = fcntl(fd, F_GETFD) & FD_CLOEXEC;
  const int real = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (real < 0 || dup3(channel, fd, close_on_exec ? O_CLOEXEC : 0) < 0) shim_die("out of descriptors");
  libc()->close(channel);
  atomic_store_explicit(&real_sockets[fd], real, memory_order_release);
  shim_set_kind(fd, SHIM_IKE);
  return true;
}

static void put_source(struct msghdr *message, const struct sockaddr_storage *from) {
  if (message->msg_name == NULL) return;
  const socklen_t length = from->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  memcpy(message->msg_name, from, message->msg_namelen < length ? message->msg_namelen : length);
  message->msg_namelen = length;
}

static void put_control(struct msghdr *message, int level, int type, const void *data, size_t size) {
  if (message->msg_control == NULL || message->msg_controllen < CMSG_SPACE(size)) {
    message->msg_controllen = 0;
    return;
  }
  struct cmsghdr *item = message->msg_control;
  memset(item, 0, CMSG_SPACE(size));
  item->cmsg_level = level;
  item->cmsg_type = type;
  item->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(item), data, size);
  message->msg_controllen = CMSG_SPACE(size);
}

static void put_packet_info(struct msghdr *message, const struct xfrmd_ike_header *header) {
  if (header->family == AF_INET) {
    struct in_pktinfo info = {.ipi_ifindex = (int)header->interface_index};
    memcpy(&info.ipi_addr, &header->to, sizeof info.ipi_addr);
    info.ipi_spec_dst = info.ipi_addr;
    put_control(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else {
    const struct in6_pktinfo info = {.ipi6_addr = header->to, .ipi6_ifindex = header->interface_index};
    put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
}

ssize_t ike_recvmsg(int fd, struct msghdr *message, int flags) {
  enum { MAX_PARTS = 16 };
  struct xfrmd_ike_header header;
  struct iovec parts[MAX_PARTS + 1] = {{&header, sizeof header}};
  const size_t count = message->msg_iovlen < MAX_PARTS ? message->msg_iovlen : MAX_PARTS;
  memcpy(parts + 1, message->msg_iov, count * sizeof *parts);
  struct msghdr framed = {.msg_iov = parts, .msg_iovlen = count + 1};
  const ssize_t received = libc()->recvmsg(fd, &framed, flags);
  if (received == 0 || (received < 0 && errno == ECONNRESET)) shim_die("xfrmd is gone");
  if (received < 0) return -1;
  if (received < (ssize_t)sizeof header) {
    errno = EAGAIN;
    return -1;
  }
  message->msg_flags = framed.msg_flags & MSG_TRUNC;
  put_source(message, &header.from);
  put_packet_info(message, &header);
  return received - (ssize_t)sizeof header;
}
