/** stderr logging; a line is one write so that threads do not mix. */
#include "base/log.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <ctime>

namespace xfrmd {
namespace {

[[gnu::format(printf, 2, 0)]] void write_line(const char* level, const char* format, va_list arguments) {
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

}  // namespace xfrmd
