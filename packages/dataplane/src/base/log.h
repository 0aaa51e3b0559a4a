/** One line per event on stderr: `level message`. Callers never pass keys, packets or payload. */
#pragma once

namespace xfrmd {

[[gnu::format(printf, 1, 2)]] void log_info(const char* format, ...);
[[gnu::format(printf, 1, 2)]] void log_warn(const char* format, ...);
[[gnu::format(printf, 1, 2)]] void log_error(const char* format, ...);

}  // namespace xfrmd
