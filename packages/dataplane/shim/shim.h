/* Shared by the parts of the shim: what a descriptor is, and libc's own functions under the ones we replace. */
#ifndef XFRM_SHIM_H
#define XFRM_SHIM_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum shim_kind { SHIM_NONE = 0, SHIM_XFRM = 1, SHIM_IKE = 2 };

struct libc_calls {
  int (*socket)(int, int, int);
  int (*close)(int);
  int (*bind)(int, const struct sockaddr *, socklen_t);
  int (*getsockname)(int, struct sockaddr *, socklen_t *);
  int (*setsockopt)(int, int, int, const void *, socklen_t);
  int (*getsockopt)(int, int, int, void *, socklen_t *);
  ssize_t (*send)(int, const void *, size_t, int);
  ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
  ssize_t (*sendmsg)(int, const struct msghdr *, int);
  ssize_t (*recv)(int, void *, size_t, int);
  ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
  ssize_t (*recvmsg)(int, struct msghdr *, int);
};

/* Looked up at first use: constructors of other libraries may open sockets before ours runs. */
const struct libc_calls *libc(void);

/* Ends the process: an IKE daemon without its ESP engine must not go on (it would wait for answers for ever). */
_Noreturn void shim_die(const char *why);

/* Connects to xfrmd; -1 with errno. `flags`: SOCK_CLOEXEC, SOCK_NONBLOCK. */
int shim_dial(int flags);

/* xfrm_channel.c: the stand-in for a NETLINK_XFRM socket */
int xfrm_open(int type);
int xfrm_subscribe(int fd, uint32_t groups);
int xfrm_setsockopt(int fd, int option, const void *value, socklen_t length);
int xfrm_getsockname(struct sockaddr *address, socklen_t *length);
ssize_t xfrm_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t xfrm_sendmsg(int fd, const struct msghdr *message, int flags);

/* ike_channel.c: a UDP socket that xfrmd took over */
bool ike_hand_over(int fd); /* dies when xfrmd is not there; false with errno when the socket is not fit */
int ike_real_socket(int fd);
void ike_forget(int fd);
ssize_t ike_recvmsg(int fd, struct msghdr *message, int flags);

enum shim_kind shim_kind_of(int fd);
void shim_set_kind(int fd, enum shim_kind kind);

#define SHIM_MAX_FD 65536
#endif
