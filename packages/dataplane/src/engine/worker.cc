/** The packet thread's loop. */
#include "engine/worker.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <system_error>

namespace xfrmd {
namespace {

// What an event belongs to: a kind above 32 bits of if_id or socket id. Never a pointer: between epoll_wait and the epoch
// the object may be gone, and a look-up finds that out.
constexpr uint64_t kKindMask = ~uint64_t{UINT32_MAX};
constexpr uint64_t kTun = uint64_t{1} << 32, kSocket = uint64_t{2} << 32, kStop = uint64_t{3} << 32;
constexpr int kEventsPerTurn = 64;

}  // namespace

Worker::Worker(Tables& tables, Notices& notices)
    : tables_(tables), inbound_(tables, notices, drops_), outbound_(tables, notices, drops_), epoll_(::epoll_create1(EPOLL_CLOEXEC)),
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

void Worker::start() {
  thread_ = std::jthread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "xfrmd-worker");
}

void Worker::watch(int fd, uint64_t source) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = source;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Worker::watch(const Tun& tun) { watch(tun.fd(), kTun | tun.if_id); }
void Worker::watch(const UdpSocket& socket) { watch(socket.fd(), kSocket | socket.id); }
void Worker::unwatch(const Tun& tun) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, tun.fd(), nullptr); }
void Worker::unwatch(const UdpSocket& socket) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket.fd(), nullptr); }

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
      handle(events[i].data.u64);
    }
    outbound_.flush();
    reader_.leave();
  }
}

void Worker::handle(uint64_t source) {
  const auto id = static_cast<uint32_t>(source);
  if ((source & kKindMask) == kTun) {
    const Interface* interface = tables_.find_interface(id);
    Tun* tun = interface == nullptr ? nullptr : interface->tun.load(std::memory_order_acquire);
    if (tun != nullptr && !outbound_.drain(*tun)) unwatch(*tun);
    return;
  }
  const SocketList* sockets = tables_.sockets();
  if (sockets == nullptr) return;
  for (const auto& socket : *sockets)
    if (socket->id == id) return inbound_.receive(*socket);
}

}  // namespace xfrmd
