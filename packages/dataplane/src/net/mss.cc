/** RFC 9293 §3.2 option walk; RFC 1624 checksum update, also when the option starts at an odd offset. */
#include "net/mss.h"

#include "base/bytes.h"
#include "net/checksum.h"

namespace xfrmd {
namespace {

constexpr uint8_t kSyn = 0x02;
constexpr uint8_t kEndOfOptions = 0, kNoOperation = 1, kMaximumSegmentSize = 2;

/** Patches one byte at `offset` of the TCP header, keeping the checksum right. */
void patch_byte(uint8_t* tcp, size_t offset, uint8_t value, bool keeps_checksum) {
  uint8_t* word = tcp + (offset & ~size_t{1});
  const auto before = load_raw<uint16_t>(word);
  tcp[offset] = value;
  if (!keeps_checksum) checksum_replace16(tcp + 16, before, load_raw<uint16_t>(word));
}

}  // namespace

bool clamp_mss(Packet& packet, uint16_t mss, bool checksum_is_partial) {
  if (mss == 0 || packet.protocol != IPPROTO_TCP || packet.is_fragment || !packet.has_upper || packet.upper_length() < 20) return false;
  uint8_t* tcp = packet.data + packet.upper;
  if ((tcp[13] & kSyn) == 0) return false;
  const size_t header = static_cast<size_t>(tcp[12] >> 4) * 4;
  if (header < 20 || header > packet.upper_length()) return false;
  for (size_t at = 20; at < header;) {
    const uint8_t kind = tcp[at];
    if (kind == kEndOfOptions) return false;
    if (kind == kNoOperation) {
      at += 1;
      continue;
    }
    if (at + 1 >= header) return false;
    const size_t size = tcp[at + 1];
    if (size < 2 || at + size > header) return false;
    if (kind == kMaximumSegmentSize && size == 4) {
      if (load16(tcp + at + 2) <= mss) return false;
      patch_byte(tcp, at + 2, static_cast<uint8_t>(mss >> 8), checksum_is_partial);
      patch_byte(tcp, at + 3, static_cast<uint8_t>(mss), checksum_is_partial);
      return true;
    }
    at += size;
  }
  return false;
}

}  // namespace xfrmd
