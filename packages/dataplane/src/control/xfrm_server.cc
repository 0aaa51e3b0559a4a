/**
 * Connections of the shim. Ownership: SAs and policies belong to the process that made them. When the last connection of a
 * process that listened to events closes, the kernel has already torn the process down (a connection ends only when no copy
 * of its descriptor is left), so what it made is removed: keys that nobody negotiates for any more must not carry traffic.
 * Tools such as `ip xfrm` do not listen to events; what they make stays, as in the kernel.
 */
#include "control/xfrm_server.h"

#include <sys/socket.h>

#include <cstring>
#include <system_error>

#include "base/log.h"
#include "control/listener.h"
#include "handover.h"

namespace xfrmd {
namespace {

constexpr size_t kMaxDatagram = 65'536;
// A reader this far behind is lost; the kernel would drop its events (ENOBUFS), we drop the connection.
constexpr size_t kMaxQueuedBytes = 16 << 20;

/** The first descriptor passed with a message; any more are closed. */
Fd take_descriptor(msghdr& header) {
  Fd first;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      Fd passed(load_raw<int>(CMSG_DATA(item) + i * sizeof(int)));
      if (!first) first = std::move(passed);
    }
  }
  return first;
}

}  // namespace

class XfrmServer::Connection final : public XfrmPeer {
 public:
  Connection(EventLoop& loop, Fd fd) : loop_(loop), fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  bool is_overrun() const { return queued_bytes_ > kMaxQueuedBytes; }
  uint32_t socket_id = 0;  // of the UDP socket whose IKE channel this is; 0 for a netlink stand-in

  void send(std::vector<uint8_t> datagram) override {
    if (queue_.empty() && try_send(datagram)) return;
    queued_bytes_ += datagram.size();
    queue_.push_back(std::move(datagram));
    loop_.change(fd_.get(), EPOLLIN | EPOLLOUT);
  }

  void flush() {
    while (!queue_.empty() && try_send(queue_.front())) {
      queued_bytes_ -= queue_.front().size();
      queue_.pop_front();
    }
    if (queue_.empty()) loop_.change(fd_.get(), EPOLLIN);
  }

 private:
  /** False when the socket is full. Other errors mean the peer is gone: its EOF will be seen. */
  bool try_send(const std::vector<uint8_t>& datagram) const {
    return ::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

  EventLoop& loop_;
  Fd fd_;
  std::deque<std::vector<uint8_t>> queue_;
  size_t queued_bytes_ = 0;
};

XfrmServer::XfrmServer(EventLoop& loop, DataPlane& plane, XfrmService& service, const std::string& path)
    : loop_(loop), plane_(plane), service_(service), listener_(listen_unix(path, SOCK_SEQPACKET)) {
  loop_.add(listener_.get(), EPOLLIN, [this](uint32_t) { accept(); });
}

XfrmServer::~XfrmServer() { loop_.remove(listener_.get()); }

void XfrmServer::accept() {
  auto accepted = accept_trusted(listener_.get(), "xfrm.sock");
  if (!accepted) return;
  auto connection = std::make_unique<Connection>(loop_, std::move(accepted->fd));
  connection->pid = accepted->credentials.pid;
  connection->port_id = static_cast<uint32_t>(accepted->credentials.pid);
  processes_[connection->pid].connections += 1;
  Connection& added = *connection;
  connections_[added.fd()] = std::move(connection);
  service_.add_peer(added);
  loop_.add(added.fd(), EPOLLIN, [this, &added](uint32_t events) {
    if ((events & EPOLLOUT) != 0) added.flush();
    if (added.is_overrun()) return close(added);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) on_readable(added);
  });
}

void XfrmServer::close(Connection& connection) {
  const pid_t pid = connection.pid;
  if (connection.socket_id != 0) plane_.remove_socket(connection.socket_id);
  service_.remove_peer(connection);
  Process& process = processes_[pid];
  process.connections -= 1;
  if (connection.socket_id != 0) process.channels -= 1;
  const bool is_last_of_daemon = process.connections == 0 && process.listens;
  if (process.connections == 0) processes_.erase(pid);
  loop_.remove(connection.fd());
  connections_.erase(connection.fd());
  if (is_last_of_daemon) service_.forget_owner(pid);
}

void XfrmServer::on_readable(Connection& connection) {
  uint8_t buffer[kMaxDatagram];
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int) * 4)];
  iovec part{buffer, sizeof buffer};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(connection.fd(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return close(connection);
  Fd passed = take_descriptor(header);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return;  // larger than any netlink request
  take_message(connection, {buffer, static_cast<size_t>(size)}, std::move(passed));
  OPENSSL_cleanse(buffer, static_cast<size_t>(size));  // it may have held keys
}

void XfrmServer::take_message(Connection& connection, std::span<const uint8_t> bytes, Fd passed) {
  const uint16_t type = bytes.size() >= sizeof(nlmsghdr) ? load_raw<nlmsghdr>(bytes.data()).nlmsg_type : 0;
  if (type == XFRMD_MSG_BIND && bytes.size() >= sizeof(xfrmd_bind)) {
    const auto bind = load_raw<xfrmd_bind>(bytes.data());
    connection.groups |= bind.groups;
    if (bind.port_id != 0) connection.port_id = bind.port_id;
    if (bind.groups != 0) processes_[connection.pid].listens = true;
  } else if (type == XFRMD_MSG_EXT_ACK) {
    connection.wants_extended_acks = true;
  } else if (type == XFRMD_MSG_HANDOVER) {
    const int error = connection.socket_id != 0 || !passed ? EINVAL : hand_over(connection, std::move(passed));
    const xfrmd_handover_reply reply{{sizeof reply, XFRMD_MSG_HANDOVER, 0, 0, 0}, error};
    const auto* data = reinterpret_cast<const uint8_t*>(&reply);
    connection.send({data, data + sizeof reply});
  } else {
    service_.handle(connection, bytes);
  }
}

int XfrmServer::hand_over(Connection& connection, Fd socket) {
  try {
    const UdpSocket& added = plane_.add_socket(std::move(socket), connection.fd(), connection.pid);
    connection.socket_id = added.id;
    processes_[connection.pid].channels += 1;
    log_info("process %d handed over %s", static_cast<int>(connection.pid), added.local.text().c_str());
    return 0;
  } catch (const std::system_error& error) {
    log_warn("handover refused: %s", error.what());
    return error.code().value();
  }
}

}  // namespace xfrmd
