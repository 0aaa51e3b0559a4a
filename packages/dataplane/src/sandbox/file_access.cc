/** landlock(7) by system call; the names of newer versions are not in the headers of Debian 12. */
#include "sandbox/file_access.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/fd.h"

namespace xfrmd {
namespace {

struct Ruleset {
  uint64_t files, network, scoped;
};

constexpr uint64_t kTruncate = 1 << 14;                     // version 3
constexpr uint64_t kIoctlDevice = 1 << 15;                  // version 5
constexpr uint64_t kBindTcp = 1 << 0, kConnectTcp = 1 << 1;  // version 4
constexpr uint64_t kAbstractSockets = 1 << 0, kSignals = 1 << 1;  // version 6

/** Every right over files that a version knows is taken away. */
uint64_t all_rights(int version) {
  constexpr int kOfVersion[] = {13, 14, 15, 15, 16};
  return (uint64_t{1} << kOfVersion[std::min(version, 5) - 1]) - 1;
}

/** Nothing when the path is not there: then nobody misses it. The descriptor of a directory of /proc must stay open for the rule to hold. */
Fd permit(int ruleset, const char* path, uint64_t rights) {
  Fd place(::open(path, O_PATH | O_CLOEXEC));
  if (!place) return place;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = place.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) place.reset();
  return place;
}

}  // namespace

int restrict_file_access(const std::string& captures, std::string& why_not) {
  const auto fail = [&](const char* what) {
    why_not = std::string(what) + ": " + std::strerror(errno);
    return 0;
  };
  const auto version = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (version <= 0) return fail("the kernel has no Landlock");
  const Ruleset wanted{all_rights(version), kBindTcp | kConnectTcp, kAbstractSockets | kSignals};
  const size_t size = version >= 6 ? sizeof wanted : version >= 4 ? offsetof(Ruleset, scoped) : offsetof(Ruleset, network);
  const Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, size, 0)));
  if (!ruleset) return fail("Landlock");
  const uint64_t device = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (version >= 5 ? kIoctlDevice : 0);
  permit(ruleset.get(), "/dev/net/tun", device);
  static const Fd interfaces = permit(ruleset.get(), "/proc/sys/net/ipv6/conf", LANDLOCK_ACCESS_FS_WRITE_FILE);
  permit(ruleset.get(), captures.c_str(), LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_WRITE_FILE | (version >= 3 ? kTruncate : 0));
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return fail("Landlock");
  return version;
}

}  // namespace xfrmd
