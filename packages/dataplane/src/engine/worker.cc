/** The packet thread's loop. */
#include "engine/worker.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <system_error>

namespace xfrmd {
namespace {

// What an event belongs to: a kind above 32 bits of if_id, socket id or address family. Never a pointer: between epoll_wait and
// the epoch the object may be gone, and a look-up finds that out. The sockets of one id are kinds of their own.
constexpr uint64_t kKindMask = ~uint64_t{UINT32_MAX};
constexpr uint64_t kTun = uint64_t{1} << 32, kStop = uint64_t{2} << 32, kRaw = uint64_t{3} << 32, kSocket = uint64_t{16} << 32;

uint64_t socket_kind(size_t receiver) { return kSocket + (uint64_t{receiver} << 32); }
constexpr int kEventsPerTurn = 64;

}  // namespace

Worker::Worker(Tables& tables, Notices& notices, bool receives_with_others)
    : tables_(tables), inbound_(tables, notices, drops_, receives_with_others), outbound_(tables, notices, drops_), epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_ || !stop_) throw std::system_error(errno, std::generic_category(), "worker");
  tables_.epoch().add_reader(reader_);
  watch(stop_.get(), kStop);
}

Worker::~Worker() {
  const uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof one) < 0) std::terminate();  // an eventfd of ours can't be full
  if (thread_.joinable()) thread_.join();
}

void Worker::start(std::function<void()> confine) {
  thread_ = std::jthread([this, confine = std::move(confine)] {
    pthread_setname_np(pthread_self(), "xfrmd-worker");
    confine();
    run();
  });
}

void Worker::watch(int fd, uint64_t source) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = source;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Worker::watch(const Tun& tun) { watch(tun.fd(), kTun | tun.if_id); }
void Worker::watch(const UdpSocket& socket, size_t receiver) { watch(socket.receiver(receiver), socket_kind(receiver) | socket.id); }
void Worker::watch_raw_sockets() {
  for (const uint16_t family : {AF_INET, AF_INET6})
    if (tables_.raw_sockets().has(family)) watch(tables_.raw_sockets().fd(family, false), kRaw | family);
}
void Worker::unwatch(const Tun& tun) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, tun.fd(), nullptr); }
void Worker::unwatch(const UdpSocket& socket, size_t receiver) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket.receiver(receiver), nullptr);
}

void Worker::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the control thread's
  for (;;) {
    epoll_event events[kEventsPerTurn];
    const int count = ::epoll_wait(epoll_.get(), events, kEventsPerTurn, -1);
    reader_.enter(tables_.epoch());
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == kStop) return reader_.leave();
      handle(events[i].data.u64, (events[i].events & EPOLLERR) != 0);
    }
    outbound_.flush();
    reader_.leave();
  }
}

void Worker::handle(uint64_t source, bool has_error) {
  const auto id = static_cast<uint32_t>(source);
  const uint64_t kind = source & kKindMask;
  if (kind == kTun) {
    const Interface* interface = tables_.find_interface(id);
    Tun* tun = interface == nullptr ? nullptr : interface->tun.load(std::memory_order_acquire);
    if (tun != nullptr && !outbound_.drain(*tun)) unwatch(*tun);
    return;
  }
  if (kind == kRaw) {
    const int fd = tables_.raw_sockets().fd(static_cast<uint16_t>(id), false);
    if (has_error) inbound_.receive_errors(fd);
    return inbound_.receive_raw(fd);
  }
  const SocketList* sockets = tables_.sockets();
  if (sockets == nullptr) return;
  for (const auto& socket : *sockets) {
    if (socket->id != id) continue;
    const auto receiver = static_cast<size_t>((kind - kSocket) >> 32);
    if (has_error) inbound_.receive_errors(socket->receiver(receiver));
    return inbound_.receive(*socket, receiver);
  }
}

}  // namespace xfrmd
