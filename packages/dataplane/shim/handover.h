/* What the shim and xfrmd say to each other beyond XFRM netlink, on the same SOCK_SEQPACKET socket. Both are built together. */
#ifndef XFRMD_HANDOVER_H
#define XFRMD_HANDOVER_H
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/* Message types above anything NETLINK_XFRM uses. */
enum {
  XFRMD_MSG_BIND = 0xf001,     /* struct xfrmd_bind: event groups and the port id that getsockname() shows */
  XFRMD_MSG_EXT_ACK = 0xf003,  /* no payload: the program reads extended acknowledgements (NETLINK_EXT_ACK) */
  XFRMD_MSG_HANDOVER = 0xf002, /* no payload, one UDP socket by SCM_RIGHTS; the connection becomes its IKE channel */
};

struct xfrmd_bind {
  struct nlmsghdr header;
  uint32_t groups;  /* as in sockaddr_nl.nl_groups */
  uint32_t port_id;
};

/* Answer to a handover: 0 or an errno. */
struct xfrmd_handover_reply {
  struct nlmsghdr header;
  int32_t error;
};

/* In front of every datagram on an IKE channel. */
struct xfrmd_ike_header {
  struct sockaddr_storage from;
  struct in6_addr to; /* IPv4 in the first four bytes */
  uint32_t interface_index;
  uint16_t family;
  uint16_t reserved;
};
#endif
