/** One line per event on stderr: `level message`. Callers never pass keys, packets or payload. */
#pragma once
#include <cstdint>

namespace xfrmd {

[[gnu::format(printf, 1, 2)]] void log_info(const char* format, ...);
[[gnu::format(printf, 1, 2)]] void log_warn(const char* format, ...);
[[gnu::format(printf, 1, 2)]] void log_error(const char* format, ...);

/** For fuzz targets, which would write millions of lines. */
void silence_log();

/** Lets a few lines of one kind through each second; a peer must not be able to fill the disk. Control thread only. */
class LogLimiter {
 public:
  bool allows();

 private:
  static constexpr unsigned kPerSecond = 5;
  uint64_t second_ = 0;
  unsigned count_ = 0;
};

}  // namespace xfrmd
