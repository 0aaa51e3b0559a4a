/** raw(7) and ipv6(7). */
#include "engine/raw_socket.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "base/log.h"
#include "engine/outer_socket.h"

namespace xfrmd {
namespace {

/** Every raw socket of a protocol gets a copy of what arrives; one reader is enough. */
void receive_nothing(int fd) {
  sock_filter drop_all[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_fprog program{1, drop_all};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
    throw std::system_error(errno, std::generic_category(), "SO_ATTACH_FILTER");
}

}  // namespace

RawSockets::Pair RawSockets::open(uint16_t family) {
  Pair pair;
  for (const bool may_fragment : {true, false}) {
    Fd socket(::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ESP));
    if (!socket) throw std::system_error(errno, std::generic_category(), "raw socket");
    if (may_fragment) receive_nothing(socket.get());
    prepare_for_receiving(socket.get(), family);
    set_fragmentation(socket.get(), family, may_fragment);
    pair[may_fragment ? 1 : 0] = std::move(socket);
  }
  return pair;
}

RawSockets RawSockets::open() {
  RawSockets sockets;
  for (const uint16_t family : {AF_INET, AF_INET6}) try {
      (family == AF_INET ? sockets.v4_ : sockets.v6_) = open(family);
    } catch (const std::system_error& error) {
      log_warn("no ESP over IPv%d without UDP encapsulation: %s", family == AF_INET ? 4 : 6, error.what());
    }
  return sockets;
}

}  // namespace xfrmd
