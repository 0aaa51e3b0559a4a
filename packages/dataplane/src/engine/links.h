/** Removing many TUNs at once. Closing them one by one takes the kernel about ten milliseconds each: it waits for every reader after each. */
#pragma once
#include <string>
#include <vector>

namespace xfrmd {

/**
 * Puts the interfaces into a group of their own and has the kernel remove the group (RTM_DELLINK with IFLA_GROUP). As far as it
 * can: an interface that is left goes when its descriptor is closed.
 */
void remove_links(const std::vector<std::string>& names) noexcept;

}  // namespace xfrmd
