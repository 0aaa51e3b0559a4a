/** TUN set-up by ioctl, in the network namespace of this process. */
#include "engine/tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <system_error>

#include "net/virtio.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20  // Linux 6.2
#define TUN_F_USO6 0x40
#endif

namespace xfrmd {
namespace {

// Frames waiting for a worker. A frame is up to 64 KB of TCP, so this is deep enough; the default of 500 drops UDP bursts.
constexpr int kQueueLength = 2000;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

ifreq request_for(const std::string& name) {
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), std::min(name.size(), size_t{IFNAMSIZ - 1}));
  return request;
}

void interface_ioctl(unsigned long operation, ifreq& request, const char* what) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::ioctl(socket.get(), operation, &request) != 0) fail(std::string(what) + " of " + request.ifr_name);
}

}  // namespace

bool is_interface_name(const std::string& name) {
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; });
}

Tun::Tun(uint32_t interface_id, const std::string& interface_name)
    : if_id(interface_id), name(interface_name), fd_(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
  if (!fd_) fail("/dev/net/tun");
  ifreq request = request_for(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(fd_.get(), TUNSETIFF, &request) != 0) fail("creating TUN " + name);
  int header = sizeof(VirtioHeader);
  if (::ioctl(fd_.get(), TUNSETVNETHDRSZ, &header) != 0) fail("virtio header of TUN " + name);
  constexpr unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  if (::ioctl(fd_.get(), TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) != 0) {
    takes_udp_gso_ = false;  // before Linux 6.2
    if (::ioctl(fd_.get(), TUNSETOFFLOAD, tcp) != 0) fail("offloads of TUN " + name);
  }
  deepen_queue();
  disable_address_generation();
}

Tun::Tun(uint32_t interface_id, const std::string& interface_name, Fd device)
    : if_id(interface_id), name(interface_name), fd_(std::move(device)) {}

/** In a user namespace the kernel refuses: then a burst of small packets may be lost, and nothing else. */
void Tun::deepen_queue() const {
  ifreq request = request_for(name);
  request.ifr_qlen = kQueueLength;
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket && ::ioctl(socket.get(), SIOCSIFTXQLEN, &request) != 0 && errno != EPERM) fail("queue length of " + name);
}

/** No link-local address: its router solicitations would only be refused by policy and counted as drops. */
void Tun::disable_address_generation() const {
  const Fd file(::open(("/proc/sys/net/ipv6/conf/" + name + "/addr_gen_mode").c_str(), O_WRONLY | O_CLOEXEC));
  if (file && ::write(file.get(), "1", 1) != 1) return;  // best effort: IPv6 may be off
}

std::string Tun::current_name() const {
  ifreq request{};
  return ::ioctl(fd_.get(), TUNGETIFF, &request) == 0 ? std::string(request.ifr_name, ::strnlen(request.ifr_name, IFNAMSIZ)) : std::string();
}

void Tun::set_mtu(unsigned value) {
  ifreq request = request_for(name);
  request.ifr_mtu = static_cast<int>(value);
  interface_ioctl(SIOCSIFMTU, request, "MTU");
  mtu.store(value, std::memory_order_relaxed);
}

void Tun::bring_up() {
  ifreq request = request_for(name);
  interface_ioctl(SIOCGIFFLAGS, request, "flags");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  interface_ioctl(SIOCSIFFLAGS, request, "flags");
}

}  // namespace xfrmd
