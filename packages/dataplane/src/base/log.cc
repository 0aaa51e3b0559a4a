/** stderr logging; a line is one write so that threads do not mix. */
#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <ctime>

#include "base/clock.h"

namespace xfrmd {
namespace {

std::atomic<bool> is_silent{false};

[[gnu::format(printf, 2, 0)]] void write_line(const char* level, const char* format, va_list arguments) {
  if (is_silent.load(std::memory_order_relaxed)) return;
  char line[512];
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  size_t used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
  used += static_cast<size_t>(snprintf(line + used, sizeof line - used, ".%03ldZ %s ", now.tv_nsec / 1000000, level));
  const int wanted = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
  if (wanted > 0) used += static_cast<size_t>(wanted);
  if (used > sizeof line - 2) used = sizeof line - 2;
  line[used++] = '\n';
  if (::write(STDERR_FILENO, line, used) < 0) return;  // nowhere left to say so
}

}  // namespace

void log_info(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line("info", format, arguments);
  va_end(arguments);
}

void log_warn(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line("warn", format, arguments);
  va_end(arguments);
}

void log_error(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line("error", format, arguments);
  va_end(arguments);
}

void silence_log() { is_silent.store(true, std::memory_order_relaxed); }

bool LogLimiter::allows() {
  const uint64_t now = steady_seconds();
  if (now != second_) {
    second_ = now;
    count_ = 0;
  }
  return count_++ < kPerSecond;
}

}  // namespace xfrmd
