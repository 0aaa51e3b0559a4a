/** The queue behind Notices. */
#include "engine/notices.h"

#include <sys/eventfd.h>

#include <system_error>

namespace xfrmd {

Notices::Notices() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Notices::post(Notice notice) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kMaxQueued) return;
    queue_.push_back(std::move(notice));
  }
  const uint64_t one = 1;
  if (::write(event_.get(), &one, sizeof one) < 0) return;  // full counter: it is readable anyway
}

std::vector<Notice> Notices::take() {
  uint64_t count = 0;
  if (::read(event_.get(), &count, sizeof count) < 0) count = 0;
  const std::lock_guard lock(mutex_);
  return std::exchange(queue_, {});
}

}  // namespace xfrmd
