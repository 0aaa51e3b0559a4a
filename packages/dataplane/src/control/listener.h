/** A unix socket in the run directory: mode 0600, callers checked by SO_PEERCRED. */
#pragma once
#include <sys/socket.h>

#include <optional>
#include <string>

#include "base/fd.h"

namespace xfrmd {

/** Replaces a stale socket file. `type` is SOCK_SEQPACKET or SOCK_STREAM. @throws std::system_error */
Fd listen_unix(const std::string& path, int type);

struct Accepted {
  Fd fd;
  ucred credentials;
};

/** Nothing when there is no one waiting, or the caller is neither root nor our own user (logged). */
std::optional<Accepted> accept_trusted(int listener, const char* what);

}  // namespace xfrmd
