/**
 * What a confined thread may ask of the kernel. The filters are run here by a small interpreter of classic BPF, for every
 * architecture this is built for; then children confine themselves and try. Not here: that xfrmd works so confined (real packets).
 */
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <functional>

#include "base/bytes.h"
#include "base/log.h"
#include "check.h"
#include "sandbox/confinement.h"
#include "sandbox/syscall_filter.h"

using namespace xfrmd;

namespace {

#if defined(__x86_64__)
constexpr uint32_t kHere = AUDIT_ARCH_X86_64, kElsewhere = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kHere = AUDIT_ARCH_AARCH64, kElsewhere = AUDIT_ARCH_X86_64;
#endif

/** The kernel's answer to one call; the few instructions that the filters use. */
uint32_t verdict(const std::vector<sock_filter>& program, const seccomp_data& call) {
  uint32_t accumulator = 0;
  for (size_t at = 0; at < program.size(); at++) {
    const sock_filter& step = program[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS: accumulator = load_raw<uint32_t>(reinterpret_cast<const uint8_t*>(&call) + step.k); break;
      case BPF_ALU | BPF_AND | BPF_K: accumulator &= step.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += accumulator == step.k ? step.jt : step.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: at += accumulator >= step.k ? step.jt : step.jf; break;
      case BPF_RET | BPF_K: return step.k;
      default: CHECK(false);
    }
  }
  CHECK(false);  // a program must end
  return 0;
}

seccomp_data call_of(long number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) {
  return {static_cast<int>(number), kHere, 0, {a, b, c, 0, 0, 0}};
}

constexpr uint32_t kAllowed = SECCOMP_RET_ALLOW, kKilled = SECCOMP_RET_KILL_PROCESS, kRefused = SECCOMP_RET_ERRNO | EPERM;

}  // namespace

TEST(the_control_thread_makes_tuns_and_sockets_and_runs_nothing) {
  const auto program = SyscallFilter::for_control();
  const auto answer = [&](long number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) { return verdict(program, call_of(number, a, b, c)); };
  CHECK(program.size() < BPF_MAXINSNS);
  for (const long number : {SYS_recvmmsg, SYS_sendmmsg, SYS_epoll_pwait, SYS_futex, SYS_accept4, SYS_setsockopt, SYS_exit_group}) CHECK(answer(number) == kAllowed);
  for (const long number : {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_bpf, SYS_mount, SYS_unshare, SYS_connect, SYS_io_uring_setup})
    CHECK(answer(number) == kKilled);
  for (const long number : {SYS_openat2, SYS_getdents64, SYS_unlinkat, SYS_memfd_create, SYS_name_to_handle_at, 9999}) CHECK(answer(number) == kRefused);
  // Files are made or written, never read.
  CHECK(answer(SYS_openat, 0, 0, O_RDWR | O_NONBLOCK | O_CLOEXEC) == kAllowed);
  CHECK(answer(SYS_openat, 0, 0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC) == kAllowed);
  for (const uint64_t flags : {O_RDONLY, O_RDONLY | O_CLOEXEC, O_RDWR, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, O_PATH | O_CLOEXEC}) CHECK(answer(SYS_openat, 0, 0, flags) == kRefused);
  // Memory that can be run is never made.
  CHECK(answer(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE) == kAllowed);
  CHECK(answer(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC) == kRefused);
  CHECK(answer(SYS_mprotect, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == kRefused);
  // Datagram sockets only; with the bits above the type that are flags.
  CHECK(answer(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK) == kAllowed);
  CHECK(answer(SYS_socket, AF_INET, SOCK_STREAM) == kRefused);
  CHECK(answer(SYS_socket, AF_NETLINK, SOCK_RAW) == kRefused);
  CHECK(answer(SYS_ioctl, 3, TIOCSTI) == kRefused);
  // Threads, not processes.
  constexpr uint64_t kThread = 0x3d0f00;  // what glibc asks for
  CHECK(answer(SYS_clone, kThread) == kAllowed);
  CHECK(answer(SYS_clone, SIGCHLD) == kRefused);
  CHECK(answer(SYS_clone3) == (SECCOMP_RET_ERRNO | ENOSYS));
  CHECK(answer(SYS_tgkill, 1, 1, SIGABRT) == kAllowed);
  CHECK(answer(SYS_tgkill, 1, 1, SIGKILL) == kRefused);
  // The upper half of an argument that the kernel takes as an int changes nothing.
  CHECK(answer(SYS_ioctl, 3, (uint64_t{1} << 32) | TIOCSTI) == kRefused);
}

TEST(a_packet_thread_opens_nothing) {
  const auto program = SyscallFilter::for_workers();
  const auto answer = [&](long number) { return verdict(program, call_of(number)); };
  for (const long number : {SYS_recvmmsg, SYS_sendmmsg, SYS_read, SYS_writev, SYS_epoll_pwait, SYS_futex, SYS_exit}) CHECK(answer(number) == kAllowed);
  for (const long number : {SYS_openat, SYS_socket, SYS_ioctl, SYS_setsockopt, SYS_accept4, SYS_bind, SYS_dup, SYS_clone, SYS_clone3, SYS_prctl, SYS_seccomp, SYS_capset, SYS_execve})
    CHECK(answer(number) != kAllowed);
}

TEST(other_numberings_are_the_end) {
  for (const auto& program : {SyscallFilter::for_control(), SyscallFilter::for_workers()}) {
    seccomp_data call = call_of(SYS_read);
    call.arch = kElsewhere;
    CHECK(verdict(program, call) == kKilled);
    call.arch = AUDIT_ARCH_I386;
    CHECK(verdict(program, call) == kKilled);
#if defined(__x86_64__)
    CHECK(verdict(program, call_of(SYS_read | 0x40000000)) == kKilled);  // x32
#endif
  }
}

namespace {

constexpr int kRefusedAsHoped = 42, kNotAvailable = 43;

/** How a child ended that confined itself and then did `attempt`, which says whether it was refused. */
int after_confinement(const std::function<bool()>& attempt, const std::function<void()>& before = [] {}) {
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) {
    silence_log();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(1);
    before();
    if (!Confinement::enter("/nonexistent").filters_system_calls) ::_exit(kNotAvailable);
    ::_exit(attempt() ? kRefusedAsHoped : 0);
  }
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  return status;
}

bool exited_with(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
bool was_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

}  // namespace

TEST(the_kernel_answers_so) {
  if (exited_with(after_confinement([] { return true; }), kNotAvailable)) {
    printf("no seccomp here (an emulator, a sanitizer's build): only the programs were tested\n");
    return;
  }
  char* const no_arguments[] = {nullptr};
  CHECK(was_killed(after_confinement([&] { return ::execve("/bin/true", no_arguments, no_arguments) != 0; })));
  CHECK(was_killed(after_confinement([] { return ::syscall(SYS_unshare, 0) != 0; })));
  CHECK(was_killed(after_confinement([] { return ::kill(::getppid(), 0) != 0; })));
  CHECK(exited_with(after_confinement([] { return ::open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM; }), kRefusedAsHoped));
  CHECK(exited_with(after_confinement([] { return ::fork() < 0 && errno == EPERM; }), kRefusedAsHoped));
  CHECK(exited_with(after_confinement([] { return ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM; }), kRefusedAsHoped));
  CHECK(exited_with(after_confinement([] { return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED; }), kRefusedAsHoped));
  CHECK(exited_with(after_confinement([] { return ::socket(AF_INET, SOCK_DGRAM, 0) < 0; }), 0));
  // A packet thread can't even do that, nor take its filter off.
  const auto as_worker = [](const std::function<bool()>& attempt) {
    return after_confinement([&] {
      Confinement entered;
      entered.filters_system_calls = true;
      entered.confine_worker();
      return attempt();
    });
  };
  CHECK(exited_with(as_worker([] { return ::socket(AF_INET, SOCK_DGRAM, 0) < 0 && errno == EPERM; }), kRefusedAsHoped));
  CHECK(exited_with(as_worker([] { return ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC) < 0 && errno == EPERM; }), kRefusedAsHoped));
}

/** The file that seccomp's flags would let through, and Landlock does not. */
TEST(files_are_closed_to_it) {
  const auto opens = [](const char* path) {
    return after_confinement([path] { return ::open(path, O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES; });
  };
  if (!exited_with(opens("/etc/passwd"), kRefusedAsHoped)) {
    printf("no Landlock here: files are not restricted\n");
    return;
  }
  CHECK(exited_with(opens("/dev/null"), kRefusedAsHoped));
  CHECK(exited_with(opens("/proc/sys/net/ipv6/conf/lo/addr_gen_mode"), 0));
}

/** A container that forbids both, as older Docker does: xfrmd goes on, and says what is missing. */
TEST(what_a_container_forbids_is_said) {
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) {
    silence_log();
    sock_filter forbidding[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    const sock_fprog program{sizeof forbidding / sizeof *forbidding, forbidding};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) ::_exit(kNotAvailable);
    const Confinement entered = Confinement::enter("/nonexistent");
    ::_exit(!entered.filters_system_calls && entered.landlock_version == 0 && !entered.missing.empty() ? kRefusedAsHoped : 0);
  }
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(exited_with(status, kRefusedAsHoped) || exited_with(status, kNotAvailable));
}

RUN_TESTS
