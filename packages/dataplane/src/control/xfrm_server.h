/**
 * The socket that the shim connects to in place of NETLINK_XFRM. A connection is either a netlink stand-in (requests,
 * answers, events) or, after a handover, the channel on which one UDP socket's IKE packets go to the daemon.
 */
#pragma once
#include <deque>
#include <map>
#include <memory>

#include "control/event_loop.h"
#include "xfrm/service.h"

namespace xfrmd {

class XfrmServer {
 public:
  XfrmServer(EventLoop& loop, DataPlane& plane, XfrmService& service, const std::string& path);
  ~XfrmServer();

  struct Process {
    size_t connections = 0, channels = 0;
    bool listens = false;  // subscribed to events: an IKE daemon, not a tool
  };
  /** Programs that are connected now, by pid. */
  const std::map<pid_t, Process>& processes() const { return processes_; }

 private:
  class Connection;
  void accept();
  void close(Connection& connection);
  void on_readable(Connection& connection);
  void take_message(Connection& connection, std::span<const uint8_t> bytes, Fd passed);
  int hand_over(Connection& connection, Fd socket);

  EventLoop& loop_;
  DataPlane& plane_;
  XfrmService& service_;
  Fd listener_;
  std::map<int, std::unique_ptr<Connection>> connections_;
  std::map<pid_t, Process> processes_;
};

}  // namespace xfrmd
