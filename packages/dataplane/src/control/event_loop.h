/** epoll for the control thread: a callback per descriptor, a tick every second. */
#pragma once
#include <sys/epoll.h>

#include <functional>
#include <memory>
#include <unordered_map>

#include "base/fd.h"

namespace xfrmd {

class EventLoop {
 public:
  using Handler = std::function<void(uint32_t events)>;

  EventLoop();
  void add(int fd, uint32_t events, Handler handler);
  void change(int fd, uint32_t events);
  /** Safe from inside any handler, its own included. Call before closing the descriptor. */
  void remove(int fd);
  /** Runs until stop(); `idle` is called after each turn and returns how long the next wait may be, in milliseconds. */
  void run(const std::function<int()>& idle);
  void stop() { is_running_ = false; }

 private:
  struct Entry {
    uint64_t generation;
    std::shared_ptr<Handler> handler;
  };
  Fd epoll_;
  std::unordered_map<int, Entry> entries_;
  uint64_t next_generation_ = 1;
  bool is_running_ = true;
};

}  // namespace xfrmd
