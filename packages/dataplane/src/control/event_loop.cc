/** The loop. Events carry descriptor and generation, so one for a descriptor that was closed and reused is dropped. */
#include "control/event_loop.h"

#include <cerrno>
#include <system_error>

namespace xfrmd {
namespace {

uint64_t tag(int fd, uint64_t generation) { return generation << 32 | static_cast<uint32_t>(fd); }

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) fail("epoll_create1");
}

void EventLoop::add(int fd, uint32_t events, Handler handler) {
  const uint64_t generation = next_generation_++ & UINT32_MAX;
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag(fd, generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  entries_[fd] = {generation, std::make_shared<Handler>(std::move(handler))};
}

void EventLoop::change(int fd, uint32_t events) {
  const auto found = entries_.find(fd);
  if (found == entries_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag(fd, found->second.generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) fail("epoll_ctl");
}

void EventLoop::remove(int fd) {
  if (entries_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::run(const std::function<int()>& idle) {
  while (is_running_) {
    epoll_event events[32];
    const int count = ::epoll_wait(epoll_.get(), events, 32, idle());
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) {
      const auto found = entries_.find(static_cast<int>(events[i].data.u64 & UINT32_MAX));
      if (found == entries_.end() || found->second.generation != events[i].data.u64 >> 32) continue;
      const std::shared_ptr<Handler> handler = found->second.handler;  // survives its own removal
      (*handler)(events[i].events);
    }
  }
}

}  // namespace xfrmd
