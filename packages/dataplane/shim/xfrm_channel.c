/* The stand-in for a NETLINK_XFRM socket: one SOCK_SEQPACKET connection to xfrmd per socket, datagrams pass as they are. */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

#include "handover.h"
#include "shim.h"

int xfrm_open(int type) {
  const int fd = shim_dial(type & (SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd < 0) return -1;
  if (fd >= SHIM_MAX_FD) {
    libc()->close(fd);
    errno = EMFILE;
    return -1;
  }
  shim_set_kind(fd, SHIM_XFRM);
  return fd;
}

int xfrm_subscribe(int fd, uint32_t groups) {
  const struct xfrmd_bind request = {
      .header = {.nlmsg_len = sizeof request, .nlmsg_type = XFRMD_MSG_BIND}, .groups = groups, .port_id = (uint32_t)getpid()};
  return libc()->send(fd, &request, sizeof request, MSG_NOSIGNAL) == (ssize_t)sizeof request ? 0 : -1;
}

int xfrm_setsockopt(int fd, int option, const void *value, socklen_t length) {
  uint32_t number = 0;
  if (length >= sizeof number) memcpy(&number, value, sizeof number);
  if (option == NETLINK_ADD_MEMBERSHIP && number >= 1 && number <= 32) return xfrm_subscribe(fd, UINT32_C(1) << (number - 1));
  if (option == NETLINK_EXT_ACK && number != 0) {
    const struct nlmsghdr request = {.nlmsg_len = sizeof request, .nlmsg_type = XFRMD_MSG_EXT_ACK};
    return libc()->send(fd, &request, sizeof request, MSG_NOSIGNAL) == (ssize_t)sizeof request ? 0 : -1;
  }
  return 0; /* NETLINK_CAP_ACK and the like: answers are the same without */
}

static void put_address(struct sockaddr *address, socklen_t *length, uint32_t port_id) {
  const struct sockaddr_nl netlink = {.nl_family = AF_NETLINK, .nl_pid = port_id};
  memcpy(address, &netlink, *length < sizeof netlink ? *length : sizeof netlink);
  *length = sizeof netlink;
}

int xfrm_getsockname(struct sockaddr *address, socklen_t *length) {
  put_address(address, length, (uint32_t)getpid());
  return 0;
}

ssize_t xfrm_sendmsg(int fd, const struct msghdr *message, int flags) {
  struct msghdr plain = *message;
  plain.msg_name = NULL; /* connected; netlink callers name the kernel */
  plain.msg_namelen = 0;
  return libc()->sendmsg(fd, &plain, flags | MSG_NOSIGNAL);
}

ssize_t xfrm_recvmsg(int fd, struct msghdr *message, int flags) {
  struct msghdr plain = {.msg_iov = message->msg_iov, .msg_iovlen = message->msg_iovlen};
  const ssize_t received = libc()->recvmsg(fd, &plain, flags);
  /* xfrmd sends no empty messages: nothing read is its end. */
  if (received == 0 && (plain.msg_flags & MSG_TRUNC) == 0) shim_die("xfrmd is gone");
  if (received < 0) {
    if (errno == ECONNRESET || errno == EPIPE) shim_die("xfrmd is gone");
    return -1;
  }
  message->msg_flags = plain.msg_flags;
  message->msg_controllen = 0;
  if (message->msg_name != NULL) put_address(message->msg_name, &message->msg_namelen, 0); /* 0: from the kernel */
  return received;
}
