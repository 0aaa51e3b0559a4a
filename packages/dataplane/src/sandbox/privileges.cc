/** capabilities(7) by system call: libcap would be one more dependency for five calls. */
#include "sandbox/privileges.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace xfrmd {
namespace {

void check(long result, const char* what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
}

/** What the calling thread may use and take up again. */
void keep_capabilities(uint32_t kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  data[0].effective = data[0].permitted = kept;
  check(::syscall(SYS_capset, &header, data), "capset");
}

}  // namespace

void raise_descriptor_limit() {
  constexpr rlim_t kWanted = 65'536;
  rlimit limit{};
  check(::getrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
  const rlimit higher{std::max(limit.rlim_cur, kWanted), std::max(limit.rlim_max, kWanted)};
  if (::setrlimit(RLIMIT_NOFILE, &higher) == 0) return;
  limit.rlim_cur = limit.rlim_max;  // without CAP_SYS_RESOURCE the hard limit stays
  check(::setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
}

void drop_privileges() {
  const rlimit no_core{0, 0};
  check(::setrlimit(RLIMIT_CORE, &no_core), "RLIMIT_CORE");
  check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  constexpr unsigned long root_is_ordinary = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
                                             SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  check(::prctl(PR_SET_SECUREBITS, root_is_ordinary, 0, 0, 0), "PR_SET_SECUREBITS");
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (capability != CAP_NET_ADMIN) check(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "PR_CAPBSET_DROP");
  keep_capabilities(1u << CAP_NET_ADMIN);
}

void drop_all_capabilities() { keep_capabilities(0); }

}  // namespace xfrmd
