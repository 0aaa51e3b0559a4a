/** seccomp(2), Landlock and OpenSSL's last look at the file system. */
#include "sandbox/confinement.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "esp/openssl_handles.h"
#include "sandbox/file_access.h"
#include "sandbox/privileges.h"
#include "sandbox/syscall_filter.h"

namespace xfrmd {
namespace {

bool apply(std::vector<sock_filter> filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace

Confinement Confinement::enter([[maybe_unused]] const std::string& captures) {
  Confinement entered;
#ifdef XFRMD_INSTRUMENTED
  entered.missing = "a build with a sanitizer does without: it reads /proc and maps memory as it likes";
#else
  load_openssl();
  entered.landlock_version = restrict_file_access(captures, entered.missing);
  entered.filters_system_calls = apply(SyscallFilter::for_control());
  if (!entered.filters_system_calls) entered.missing += std::string(entered.missing.empty() ? "" : "; ") + "seccomp: " + std::strerror(errno);
#endif
  if (!entered.missing.empty()) log_warn("confined by capabilities, but not in all: %s", entered.missing.c_str());
  return entered;
}

void Confinement::confine_worker() const {
  drop_all_capabilities();
  if (filters_system_calls && !apply(SyscallFilter::for_workers())) log_warn("a packet thread keeps the control thread's system calls: %s", std::strerror(errno));
}

}  // namespace xfrmd
