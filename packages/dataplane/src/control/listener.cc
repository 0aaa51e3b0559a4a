/** Listening and the check of who calls. */
#include "control/listener.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <system_error>

#include "base/log.h"

namespace xfrmd {

Fd listen_unix(const std::string& path, int type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::system_error(ENAMETOOLONG, std::generic_category(), path);
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::unlink(path.c_str());
  const mode_t before = ::umask(0177);
  const bool is_bound = fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  ::umask(before);
  if (!is_bound || ::listen(fd.get(), 64) != 0) throw std::system_error(is_bound ? errno : error, std::generic_category(), path);
  return fd;
}

std::optional<Accepted> accept_trusted(int listener, const char* what) {
  Fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) return std::nullopt;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 ||
      (credentials.uid != 0 && credentials.uid != ::geteuid())) {
    log_warn("%s: refused a caller with uid %u", what, credentials.uid);
    return std::nullopt;
  }
  return Accepted{std::move(fd), credentials};
}

}  // namespace xfrmd
