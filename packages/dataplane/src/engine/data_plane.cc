/** Life of tunnels and sockets; assignment to workers. */
#include "engine/data_plane.h"

#include <algorithm>
#include <system_error>

#include "engine/links.h"

namespace xfrmd {

// With up to three workers one receives.
constexpr size_t kSharedFrom = 3;

DataPlane::DataPlane(size_t worker_count, RawSockets raw_sockets) : tables_(std::move(raw_sockets)) {
  worker_count = std::max<size_t>(worker_count, 1);
  for (size_t i = 0; i < worker_count; i++) workers_.push_back(std::make_unique<Worker>(tables_, notices_, worker_count > kSharedFrom));
  workers_.front()->watch_raw_sockets();
}

void DataPlane::start(const std::function<void()>& confine) {
  for (const auto& worker : workers_) worker->start(confine);
}

Worker& DataPlane::tun_worker(uint32_t if_id) {
  if (workers_.size() == 1) return *workers_.front();
  const size_t receiving = receiving_workers();
  return *workers_[receiving + if_id % (workers_.size() - receiving)];
}

/**
 * A name stays taken for a moment: until workers and kernel are through with a TUN that was just deleted, or until the kernel
 * has cleaned up after an xfrmd that was killed. Waiting here keeps the control thread, but a lasting conflict is rare.
 */
std::shared_ptr<Tun> DataPlane::make_tun(const TunnelSettings& settings) {
  constexpr int kTries = 60;
  constexpr std::chrono::milliseconds kBetween(5);
  for (int i = 1;; i++) {
    try {
      return std::make_shared<Tun>(settings.if_id, settings.name);
    } catch (const std::system_error& error) {
      if (error.code().value() != EBUSY || i == kTries) throw;
    }
    collect();
    std::this_thread::sleep_for(kBetween);
  }
}

Tun& DataPlane::create_tunnel(const TunnelSettings& settings) {
  for (const auto& [if_id, tun] : tunnels_)
    if ((if_id == settings.if_id) != (tun->name == settings.name) && tun->is_alive())
      throw std::system_error(EEXIST, std::generic_category(), "tunnel " + tun->name + " has if_id " + std::to_string(if_id));
  auto found = tunnels_.find(settings.if_id);
  if (found != tunnels_.end() && !found->second->is_alive()) {
    delete_tunnel(settings.if_id);
    found = tunnels_.end();
  }
  std::shared_ptr<Tun> tun = found != tunnels_.end() ? found->second : make_tun(settings);
  if (tun->mtu.load(std::memory_order_relaxed) != settings.mtu) tun->set_mtu(settings.mtu);
  tun->mss_clamp.store(settings.mss_clamp, std::memory_order_relaxed);
  tun->bring_up();
  if (found == tunnels_.end()) {
    tunnels_.emplace(settings.if_id, tun);
    tables_.publish_tun(tun);
    tun_worker(settings.if_id).watch(*tun);
  }
  return *tun;
}

void DataPlane::delete_tunnel(uint32_t if_id) {
  const auto found = tunnels_.find(if_id);
  if (found == tunnels_.end()) return;
  tun_worker(if_id).unwatch(*found->second);
  tables_.remove_tun(found->second);
  tunnels_.erase(found);
}

void DataPlane::remove_links() const {
  std::vector<std::string> names;
  for (const auto& [if_id, tun] : tunnels_)
    if (std::string name = tun->current_name(); !name.empty()) names.push_back(std::move(name));
  xfrmd::remove_links(names);
}

const UdpSocket& DataPlane::add_socket(Fd socket, int ike_channel, int owner_pid) {
  auto added = std::make_shared<UdpSocket>(next_socket_id_++, std::move(socket), ike_channel, owner_pid, receiving_workers());
  auto list = std::make_shared<SocketList>(*sockets_);
  list->push_back(added);
  publish_sockets(list);
  for (size_t i = 0; i < added->receivers(); i++) workers_[UdpSocket::worker_of(i)]->watch(*added, i);
  return *added;
}

void DataPlane::remove_socket(uint32_t id) {
  auto list = std::make_shared<SocketList>(*sockets_);
  const auto found = std::ranges::find_if(*list, [&](const auto& socket) { return socket->id == id; });
  if (found == list->end()) return;
  for (size_t i = 0; i < (*found)->receivers(); i++) workers_[UdpSocket::worker_of(i)]->unwatch(**found, i);
  list->erase(found);
  publish_sockets(list);
}

void DataPlane::publish_sockets(std::shared_ptr<const SocketList> sockets) {
  sockets_ = sockets;
  tables_.publish_sockets(std::move(sockets));
}

uint64_t DataPlane::drops(size_t cause) const {
  uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->drops().get(cause);
  return sum;
}

uint64_t DataPlane::segmentation_fallbacks() const {
  uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->segmentation_fallbacks();
  return sum;
}

}  // namespace xfrmd
