/**
 * Which system calls a thread may make from now on, as a seccomp-bpf program. Pure: the program is data; confinement.h says when
 * it is put to use, ADR 25 why it looks like this.
 */
#pragma once
#include <linux/filter.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace xfrmd {

class SyscallFilter {
 public:
  /** For the control thread: it makes TUNs and sockets, answers programs and writes captures. */
  static std::vector<sock_filter> for_control();
  /** For packet threads and writers of captures: they read and write what is open already, and nothing else. */
  static std::vector<sock_filter> for_workers();

 private:
  SyscallFilter();
  void allow_packet_work();
  void allow(std::initializer_list<long> numbers);
  /** Only with one of `values` in an argument, of which the bits in `mask` count. */
  void allow_if(long number, unsigned argument, std::initializer_list<uint32_t> values, uint32_t mask = UINT32_MAX);
  void kill(std::initializer_list<long> numbers);
  void answer(long number, uint32_t error);
  std::vector<sock_filter> finish();
  void load(uint32_t offset);

  std::vector<sock_filter> program_;
};

}  // namespace xfrmd
