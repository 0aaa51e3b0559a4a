/** The blocks of a pcapng file (draft-ietf-opsawg-pcapng) that a capture of IP packets needs. Bytes only, no files. */
#pragma once
#include <string>
#include <vector>

#include "capture/ring.h"

namespace xfrmd {

class Pcapng {
 public:
  /** Section header and one interface: raw IP, nanoseconds, `name` as its description. */
  static std::vector<uint8_t> start(const std::string& name, uint32_t snap_length);
  /** Appends a packet, with its direction. */
  static void add_packet(std::vector<uint8_t>& out, const CaptureRing::Record& record, std::span<const uint8_t> bytes);
  /** Interface statistics: how many packets came by and how many of them were lost. */
  static std::vector<uint8_t> end(uint64_t nanoseconds, uint64_t seen, uint64_t dropped);
};

}  // namespace xfrmd
