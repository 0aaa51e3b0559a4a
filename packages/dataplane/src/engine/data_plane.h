/** The data plane as the control thread drives it: tables, workers, TUNs and sockets. Knows nothing of netlink or JSON. */
#pragma once
#include <functional>

#include "engine/path_mtu.h"
#include "engine/worker.h"

namespace xfrmd {

struct TunnelSettings {
  uint32_t if_id = 0;
  std::string name;
  unsigned mtu = 0;
  uint16_t mss_clamp = 0;
};

class DataPlane {
 public:
  /** Without raw sockets SAs must have UDP encapsulation. */
  explicit DataPlane(size_t worker_count, RawSockets raw_sockets = {});
  /** Lets the workers run; each calls `confine` first, in its own thread. */
  void start(const std::function<void()>& confine = [] {});
  ~DataPlane() { stop(); }
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  /** Ends the workers; call before anything they read (SAs, policies) is destroyed. */
  void stop() { workers_.clear(); }

  /** Creates or updates. @throws std::system_error, EEXIST when the name or if_id belongs to another tunnel. */
  Tun& create_tunnel(const TunnelSettings& settings);
  /** Absent is success. */
  void delete_tunnel(uint32_t if_id);
  /** Removes the links of all tunnels at once, as the last thing before this is destroyed. */
  void remove_links() const;
  const std::map<uint32_t, std::shared_ptr<Tun>>& tunnels() const { return tunnels_; }

  /** @throws std::system_error when the socket can't be used. */
  const UdpSocket& add_socket(Fd socket, int ike_channel, int owner_pid);
  void remove_socket(uint32_t id);
  const SocketList& sockets() const { return *sockets_; }

  Tables& tables() { return tables_; }
  Notices& notices() { return notices_; }
  PathMtus& path_mtus() { return path_mtus_; }
  /** Frees what no worker holds any more; true while something waits. */
  bool collect() { return tables_.epoch().collect(); }

  size_t worker_count() const { return workers_.size(); }
  /** The first of them receive, the others send; a single one does both. */
  size_t receiving_workers() const { return std::max<size_t>(workers_.size() / 2, 1); }
  uint64_t drops(size_t cause) const;
  uint64_t drops_of(size_t worker, Drop cause) const { return workers_[worker]->drops().get(static_cast<size_t>(cause)); }
  uint64_t segmentation_fallbacks() const;

 private:
  /** Invariant: an if_id's TUN always on one worker, so an outbound SA is written by one thread and its packets leave in order. */
  Worker& tun_worker(uint32_t if_id);
  void publish_sockets(std::shared_ptr<const SocketList> sockets);
  std::shared_ptr<Tun> make_tun(const TunnelSettings& settings);

  Tables tables_;
  Notices notices_;
  PathMtus path_mtus_;
  std::map<uint32_t, std::shared_ptr<Tun>> tunnels_;
  std::shared_ptr<const SocketList> sockets_ = std::make_shared<SocketList>();
  uint32_t next_socket_id_ = 1;
  std::vector<std::unique_ptr<Worker>> workers_;  // last: stopped first
};

}  // namespace xfrmd
