/** The map behind PathMtus. */
#include "engine/path_mtu.h"

#include <algorithm>
#include <string_view>

namespace xfrmd {

size_t PathMtus::Hash::operator()(const Address& address) const {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size()});
}

bool PathMtus::learn(const Address& destination, uint32_t mtu, uint64_t now) {
  mtu = std::max(mtu, destination.family == AF_INET ? kSmallestIpv4 : kSmallestIpv6);
  const auto [entry, is_new] = learned_.try_emplace(destination, Learned{mtu, now + kSeconds});
  if (is_new) return true;
  if (mtu >= entry->second.mtu) return false;
  entry->second = {mtu, now + kSeconds};
  return true;
}

uint32_t PathMtus::find(const Address& destination) const {
  const auto found = learned_.find(destination);
  return found == learned_.end() ? 0 : found->second.mtu;
}

std::vector<Address> PathMtus::expire(uint64_t now) {
  std::vector<Address> gone;
  std::erase_if(learned_, [&](const auto& entry) {
    if (entry.second.expires_at > now) return false;
    gone.push_back(entry.first);
    return true;
  });
  return gone;
}

}  // namespace xfrmd
