/** One packet thread: waits on its TUNs and UDP sockets, handles a batch, repeats. Reads shared tables inside the epoch only. */
#pragma once
#include <functional>
#include <thread>

#include "engine/inbound.h"
#include "engine/outbound.h"

namespace xfrmd {

class Worker {
 public:
  /** @throws std::system_error */
  Worker(Tables& tables, Notices& notices, bool receives_with_others = false);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /** `confine` is called first in the new thread; what it throws ends the process. */
  void start(std::function<void()> confine);
  // Control thread. Unwatch before retiring; the worker may still be using the object until then.
  void watch(const Tun& tun);
  void unwatch(const Tun& tun);
  void watch(const UdpSocket& socket, size_t receiver);
  void unwatch(const UdpSocket& socket, size_t receiver);
  void watch_raw_sockets();

  const DropCounters& drops() const { return drops_; }
  uint64_t segmentation_fallbacks() const { return outbound_.segmentation_fallbacks(); }

 private:
  void run();
  void handle(uint64_t source, bool has_error);
  void watch(int fd, uint64_t source);

  Tables& tables_;
  DropCounters drops_;
  Inbound inbound_;
  Outbound outbound_;
  Epoch::Reader reader_;
  Fd epoll_, stop_;
  std::jthread thread_;
};

}  // namespace xfrmd
