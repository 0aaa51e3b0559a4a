/** A program on the other end of an XFRM socket, as the service sees it. */
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace xfrmd {

class XfrmPeer {
 public:
  virtual ~XfrmPeer() = default;
  /** Queues one datagram; never blocks. */
  virtual void send(std::vector<uint8_t> datagram) = 0;

  pid_t pid = 0;
  uint32_t port_id = 0;  // what nlmsg_pid of answers must be
  uint32_t groups = 0;   // bit n-1 for XFRMNLGRP n
  bool wants_extended_acks = false;

  bool listens_to(unsigned group) const { return (groups >> (group - 1) & 1) != 0; }
};

}  // namespace xfrmd
