/**
 * Options and the error queue of sockets that carry ESP. Whether the outer packet may be fragmented on its way is an option of
 * a socket, not of a message, so there is one for each case; then no two workers fight over a switch.
 */
#pragma once
#include <optional>

#include "net/address.h"

namespace xfrmd {

/** Of what the kernel sends (RFC 1340), and of what shows none. */
inline constexpr uint8_t kUsualHopLimit = 64;

/** What the outer header of a packet says beyond its addresses. */
struct OuterMarking {
  uint8_t traffic_class = 0;
  bool may_fragment = false;
  uint8_t hop_limit = 0;  // 0: the kernel's, as for every packet of the host
  bool operator==(const OuterMarking&) const = default;
};

/** @throws std::system_error naming `what` */
void set_option(int fd, int level, int option, int value, const char* what);

/** Deep buffers; packet information, traffic class and hop limit with everything received. @throws std::system_error */
void prepare_for_receiving(int fd, uint16_t family);

/**
 * Whole: DF is set, and what does not fit is refused here (EMSGSIZE) or dropped on the way and reported; both end in the error
 * queue. Otherwise DF is clear, and the kernel or a router fragments. @throws std::system_error
 */
void set_fragmentation(int fd, uint16_t family, bool may_fragment);

/** The MTU of the path to an address, as the kernel or a router reported it. */
struct PathMtuReport {
  Address destination;
  uint32_t mtu = 0;
};

enum class ErrorQueue { Empty, Other, PathMtu };
/** Takes one entry off the error queue. */
ErrorQueue read_error_queue(int fd, PathMtuReport& report);

}  // namespace xfrmd
