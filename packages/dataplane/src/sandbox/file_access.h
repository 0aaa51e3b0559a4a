/** Which files the process may still open: Landlock (Linux 5.13), as far as the kernel has it. ADR 25. */
#pragma once
#include <string>

namespace xfrmd {

/**
 * From now on this thread and those it starts open /dev/net/tun, write below /proc/sys/net/ipv6/conf and make files in `captures`;
 * nothing else, and no TCP. Needs no_new_privs. Returns the version of Landlock that does it, or 0 with `why_not`.
 */
int restrict_file_access(const std::string& captures, std::string& why_not);

}  // namespace xfrmd
