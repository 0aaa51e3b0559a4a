/*
 * libxfrmshim: preloaded into an unmodified IKE daemon, it connects the daemon's NETLINK_XFRM sockets to xfrmd (environment
 * variable XFRMD_SOCKET) and hands UDP sockets on which UDP_ENCAP is set over to it. Everything else goes to libc untouched,
 * NETLINK_ROUTE included. This file: the replaced functions; what they do for our descriptors is in the two *_channel.c.
 */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#ifndef IP_XFRM_POLICY
#define IP_XFRM_POLICY 17
#endif
#ifndef IPV6_XFRM_POLICY
#define IPV6_XFRM_POLICY 35
#endif

static struct libc_calls calls;
static pthread_once_t calls_once = PTHREAD_ONCE_INIT;
static _Atomic uint8_t kinds[SHIM_MAX_FD];

static void find_calls(void) {
  /* POSIX defines this conversion; ISO C has none from void pointers to functions. */
#define FIND(name) *(void **)&calls.name = dlsym(RTLD_NEXT, #name)
  FIND(socket), FIND(close), FIND(bind), FIND(getsockname), FIND(setsockopt), FIND(getsockopt);
  FIND(send), FIND(sendto), FIND(sendmsg), FIND(recv), FIND(recvfrom), FIND(recvmsg);
#undef FIND
}

const struct libc_calls *libc(void) {
  pthread_once(&calls_once, find_calls);
  return &calls;
}

_Noreturn void shim_die(const char *why) {
  const struct iovec parts[] = {{(void *)"xfrmshim: ", 10}, {(void *)why, strlen(why)}, {(void *)", exiting\n", 10}};
  if (writev(STDERR_FILENO, parts, 3) < 0) _exit(70);
  _exit(70); /* EX_SOFTWARE */
}

int shim_dial(int flags) {
  const char *path = getenv("XFRMD_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (path == NULL || strlen(path) >= sizeof address.sun_path) {
    errno = EPROTONOSUPPORT; /* never fall back to the kernel: the daemon would believe it had ESP */
    return -1;
  }
  strcpy(address.sun_path, path);
  const int fd = libc()->socket(AF_UNIX, SOCK_SEQPACKET | flags, 0);
  if (fd < 0) return -1;
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
    const int error = errno;
    libc()->close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

enum shim_kind shim_kind_of(int fd) {
  return fd >= 0 && fd < SHIM_MAX_FD ? (enum shim_kind)atomic_load_explicit(&kinds[fd], memory_order_acquire) : SHIM_NONE;
}

void shim_set_kind(int fd, enum shim_kind kind) { atomic_store_explicit(&kinds[fd], (uint8_t)kind, memory_order_release); }

/* What a call about the UDP socket itself must use. */
static int underlying(int fd) { return shim_kind_of(fd) == SHIM_IKE ? ike_real_socket(fd) : fd; }

EXPORT int socket(int domain, int type, int protocol) {
  if (domain == AF_NETLINK && protocol == NETLINK_XFRM) return xfrm_open(type);
  return libc()->socket(domain, type, protocol);
}

EXPORT int close(int fd) {
  if (shim_kind_of(fd) == SHIM_IKE) ike_forget(fd);
  if (shim_kind_of(fd) != SHIM_NONE) shim_set_kind(fd, SHIM_NONE);
  return libc()->close(fd);
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length) {
  if (shim_kind_of(fd) != SHIM_XFRM) return libc()->bind(fd, address, length);
  struct sockaddr_nl netlink;
  if (length < sizeof netlink) {
    errno = EINVAL;
    return -1;
  }
  memcpy(&netlink, address, sizeof netlink);
  return xfrm_subscribe(fd, netlink.nl_groups);
}

EXPORT int getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  if (shim_kind_of(fd) == SHIM_XFRM) return xfrm_getsockname(address, length);
  return libc()->getsockname(underlying(fd), address, length);
}

EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t length) {
  if (shim_kind_of(fd) == SHIM_XFRM && level == SOL_NETLINK) return xfrm_setsockopt(fd, option, value, length);
  if (level == IPPROTO_UDP && option == UDP_ENCAP && shim_kind_of(fd) == SHIM_NONE && fd >= 0) return ike_hand_over(fd) ? 0 : -1;
  /* "Bypass policy for IKE": in-kernel policies do not exist here. */
  if ((level == IPPROTO_IP && option == IP_XFRM_POLICY) || (level == IPPROTO_IPV6 && option == IPV6_XFRM_POLICY)) return 0;
  return libc()->setsockopt(underlying(fd), level, option, value, length);
}

EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *length) {
  return libc()->getsockopt(underlying(fd), level, option, value, length);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (shim_kind_of(fd) == SHIM_XFRM) return xfrm_sendmsg(fd, message, flags);
  return libc()->sendmsg(underlying(fd), message, flags);
}

EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address, socklen_t length) {
  if (shim_kind_of(fd) == SHIM_XFRM) return libc()->send(fd, data, size, flags | MSG_NOSIGNAL);
  return libc()->sendto(underlying(fd), data, size, flags, address, length);
}

EXPORT ssize_t send(int fd, const void *data, size_t size, int flags) { return sendto(fd, data, size, flags, NULL, 0); }

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  switch (shim_kind_of(fd)) {
    case SHIM_XFRM: return xfrm_recvmsg(fd, message, flags);
    case SHIM_IKE: return ike_recvmsg(fd, message, flags);
    default: return libc()->recvmsg(fd, message, flags);
  }
}

EXPORT ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length) {
  if (shim_kind_of(fd) == SHIM_NONE) return libc()->recvfrom(fd, data, size, flags, address, length);
  struct iovec part = {data, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_name = address, .msg_namelen = address != NULL && length != NULL ? *length : 0};
  const ssize_t received = recvmsg(fd, &message, flags);
  if (received >= 0 && length != NULL) *length = message.msg_namelen;
  return received;
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags) { return recvfrom(fd, data, size, flags, NULL, NULL); }

/* What a caller built with _FORTIFY_SOURCE really calls. */
EXPORT ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags) {
  if (size > room) abort();
  return recv(fd, data, size, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, struct sockaddr *address, socklen_t *length) {
  if (size > room) abort();
  return recvfrom(fd, data, size, flags, address, length);
}
