/** rtnetlink(7), in as few messages as fit. */
#include "engine/links.h"

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/fd.h"

namespace xfrmd {
namespace {

constexpr size_t kRequestBytes = 16'384;

/** One request about links as the kernel reads it. */
struct LinkRequest {
  uint8_t bytes[NLMSG_SPACE(sizeof(ifinfomsg)) + RTA_SPACE(IFNAMSIZ) + RTA_SPACE(sizeof(uint32_t))] = {};
  size_t size = NLMSG_SPACE(sizeof(ifinfomsg));

  LinkRequest(uint16_t type, uint16_t flags) {
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  }
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes); }
  void put(uint16_t type, const void* data, size_t length) {
    const rtattr attribute{static_cast<uint16_t>(RTA_LENGTH(length)), type};
    std::memcpy(bytes + size, &attribute, sizeof attribute);
    std::memcpy(bytes + size + RTA_LENGTH(0), data, length);
    size += RTA_SPACE(length);
    header().nlmsg_len = static_cast<uint32_t>(size);
  }
};

/** Nobody else's: not zero, which is where every interface is. */
uint32_t unused_group() {
  uint32_t group = 0;
  while (group == 0)
    if (::getrandom(&group, sizeof group, 0) != sizeof group) return 0;
  return group;
}

}  // namespace

void remove_links(const std::vector<std::string>& names) noexcept {
  const uint32_t group = unused_group();
  const Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (group == 0 || !socket) return;
  uint8_t batch[kRequestBytes];
  size_t used = 0;
  // The kernel is through with all requests of a message when send() returns; what it says of each is not asked for.
  const auto send = [&] { return ::send(socket.get(), batch, std::exchange(used, 0), MSG_DONTWAIT) >= 0; };
  const auto add = [&](const LinkRequest& request) {
    if (used + sizeof request.bytes > kRequestBytes && !send()) return false;
    std::memcpy(batch + used, request.bytes, request.size);
    used += request.size;
    return true;
  };
  for (const std::string& name : names) {
    LinkRequest request(RTM_SETLINK, 0);
    char text[IFNAMSIZ] = {};
    std::memcpy(text, name.data(), std::min(name.size(), sizeof text - 1));
    request.put(IFLA_IFNAME, text, sizeof text);
    request.put(IFLA_GROUP, &group, sizeof group);
    if (!add(request)) return;
  }
  LinkRequest removal(RTM_DELLINK, 0);
  removal.put(IFLA_GROUP, &group, sizeof group);
  if (add(removal)) send();
}

}  // namespace xfrmd
