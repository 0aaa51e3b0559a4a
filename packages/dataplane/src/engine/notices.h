/** What workers tell the control thread: rare events, queued under a lock and announced on an eventfd. Never per packet. */
#pragma once
#include <cstdint>
#include <mutex>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "engine/sa.h"

namespace xfrmd {

/** A packet met an out policy that has no SA. */
struct AcquireNotice {
  uint32_t if_id, policy_index;
  FlowKey flow;
};
/** An authentic packet came from another address or port than the SA's. */
struct MappingNotice {
  SaKey key;
  Endpoint source;
};
/** A byte or packet limit was reached, or the sequence numbers run out. */
struct LimitNotice {
  SaKey key;
  bool is_hard;
};

/** The kernel or a router said how large packets to a peer may be. */
struct PathMtuNotice {
  Address destination;
  uint32_t mtu;
};

using Notice = std::variant<AcquireNotice, MappingNotice, LimitNotice, PathMtuNotice>;

class Notices {
 public:
  /** @throws std::system_error */
  Notices();
  /** Any thread. Beyond the cap notices are lost, as the kernel's are when a listener is slow. */
  void post(Notice notice);
  /** Control thread, when fd() is readable. */
  std::vector<Notice> take();
  int fd() const { return event_.get(); }

 private:
  static constexpr size_t kMaxQueued = 4096;
  std::mutex mutex_;
  std::vector<Notice> queue_;
  Fd event_;
};

}  // namespace xfrmd
