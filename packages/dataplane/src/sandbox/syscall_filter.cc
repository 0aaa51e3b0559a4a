/**
 * Three answers. What xfrmd does is allowed. What only an intruder would do (programs, processes, other processes' memory) ends
 * xfrmd. All else is EPERM: a libc that tries something newer must find another way, not take every tunnel down.
 */
#include "sandbox/syscall_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/if_tun.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <bit>
#include <cerrno>
#include <csignal>
#include <cstddef>

namespace xfrmd {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "seccomp: which architecture?"
#endif
static_assert(std::endian::native == std::endian::little, "arguments are read by their low half");

constexpr sock_filter statement(uint16_t code, uint32_t value) { return BPF_STMT(code, value); }
constexpr sock_filter jump(uint16_t code, uint32_t value, uint8_t when_true, uint8_t when_false) { return BPF_JUMP(code, value, when_true, when_false); }
constexpr sock_filter kAllow = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
constexpr sock_filter kKill = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
constexpr sock_filter refusal(uint32_t error) { return statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)); }

}  // namespace

void SyscallFilter::load(uint32_t offset) { program_.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offset)); }

SyscallFilter::SyscallFilter() {
  load(offsetof(seccomp_data, arch));
  program_.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  program_.push_back(kKill);
  load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  constexpr uint32_t kX32 = 0x40000000;
  program_.push_back(jump(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1));
  program_.push_back(kKill);
#endif
}

void SyscallFilter::allow(std::initializer_list<long> numbers) {
  for (const long number : numbers) {
    program_.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
    program_.push_back(kAllow);
  }
}

void SyscallFilter::kill(std::initializer_list<long> numbers) {
  for (const long number : numbers) {
    program_.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
    program_.push_back(kKill);
  }
}

void SyscallFilter::answer(long number, uint32_t error) {
  program_.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
  program_.push_back(refusal(error));
}

void SyscallFilter::allow_if(long number, unsigned argument, std::initializer_list<uint32_t> values, uint32_t mask) {
  const auto skipped = static_cast<uint8_t>(3 + 2 * values.size());
  program_.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, skipped));
  load(static_cast<uint32_t>(offsetof(seccomp_data, args) + argument * sizeof(uint64_t)));
  program_.push_back(statement(BPF_ALU | BPF_AND | BPF_K, mask));
  for (const uint32_t value : values) {
    program_.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    program_.push_back(kAllow);
  }
  program_.push_back(refusal(EPERM));
}

std::vector<sock_filter> SyscallFilter::finish() {
  program_.push_back(refusal(EPERM));
  return std::move(program_);
}

/** Packets on what is open, time, locks, memory of no particular kind, the end. */
void SyscallFilter::allow_packet_work() {
  allow({SYS_recvmmsg, SYS_sendmmsg, SYS_read, SYS_write, SYS_writev, SYS_recvmsg, SYS_sendmsg, SYS_sendto, SYS_recvfrom});
  allow({SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_clock_gettime, SYS_getrandom, SYS_pwrite64, SYS_ftruncate});
#ifdef SYS_epoll_wait
  allow({SYS_epoll_wait, SYS_poll});
#endif
  allow({SYS_futex, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_sched_yield, SYS_sched_getaffinity, SYS_clock_nanosleep, SYS_nanosleep});
  allow({SYS_restart_syscall, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_gettid, SYS_getpid, SYS_exit, SYS_exit_group});
  // Memory is never both data and code.
  allow_if(SYS_mmap, 2, {0}, PROT_EXEC);
  allow_if(SYS_mprotect, 2, {0}, PROT_EXEC);
  // Aborting is a signal to oneself.
  allow_if(SYS_tgkill, 2, {SIGABRT});
}

std::vector<sock_filter> SyscallFilter::for_workers() {
  SyscallFilter filter;
  filter.allow_packet_work();
  return filter.finish();
}

std::vector<sock_filter> SyscallFilter::for_control() {
  SyscallFilter filter;
  filter.allow_packet_work();
  // Threads start once, and confine themselves; glibc starts them by clone when there is no clone3.
  filter.allow_if(SYS_clone, 0, {CLONE_THREAD}, CLONE_THREAD);
  filter.answer(SYS_clone3, ENOSYS);
  filter.allow({SYS_set_robust_list, SYS_rseq, SYS_capset, SYS_seccomp});
  filter.allow_if(SYS_prctl, 0, {PR_SET_NAME, PR_SET_SECCOMP});
  // Sockets: a daemon's own that were handed over, two beside each, programs on the unix sockets, interface ioctls.
  filter.allow({SYS_accept4, SYS_bind, SYS_close, SYS_dup, SYS_getsockname, SYS_getsockopt, SYS_setsockopt, SYS_geteuid});
  filter.allow_if(SYS_socket, 1, {SOCK_DGRAM}, ~uint32_t{SOCK_CLOEXEC | SOCK_NONBLOCK});
  filter.allow_if(SYS_ioctl, 1, {TUNSETIFF, TUNSETVNETHDRSZ, TUNSETOFFLOAD, TUNGETIFF, SIOCSIFTXQLEN, SIOCSIFMTU, SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFINDEX});
  filter.allow({SYS_pread64});  // a setting that was opened before
  // /dev/net/tun, addr_gen_mode of a TUN, a new capture: which files, file_access.cc says. Nothing is opened to be read.
  constexpr uint32_t kCapture = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  filter.allow_if(SYS_openat, 2, {O_RDWR | O_NONBLOCK | O_CLOEXEC, O_WRONLY | O_CLOEXEC, kCapture});
  // Nobody but an intruder asks for these.
  filter.kill({SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd});
  filter.kill({SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare, SYS_init_module, SYS_finit_module, SYS_kexec_load});
  filter.kill({SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_kill, SYS_connect, SYS_listen, SYS_io_uring_setup, SYS_keyctl});
#ifdef SYS_fork
  filter.kill({SYS_fork, SYS_vfork});
#endif
  return filter.finish();
}

}  // namespace xfrmd
