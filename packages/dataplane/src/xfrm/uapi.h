/** The kernel's XFRM and netlink headers. glibc's must come first, or the two fight over in6_pktinfo. */
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>
// Order matters.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
