/** Inner packets as they come out of a TUN, virtio header first: flow key, MSS clamp, checksum offload, segmentation. */
#include "net/mss.h"
#include "net/segment.h"
#include "require.h"
#include "same_packet.h"
#include "xfrm/selector.h"

using namespace xfrmd;

namespace {

/** Segments put end to end are the payload that went in, each with the headers and checksums of a packet of its own. */
void split(const Packet& packet, const VirtioHeader& virtio) {
  auto segmenter = Segmenter::make(packet, virtio);
  if (!segmenter) return;
  const size_t headers = packet.upper + (packet.protocol == IPPROTO_TCP ? static_cast<size_t>(packet.data[packet.upper + 12] >> 4) * 4 : 8);
  const std::vector<uint8_t> payload(packet.data + headers, packet.data + packet.length);
  const uint8_t version = packet.version;
  size_t offset = 0, count = 0;
  const size_t expected = segmenter->count();
  while (const auto segment = segmenter->next()) {
    const auto parsed = parse_packet(*segment);
    REQUIRE(parsed && parsed->version == version && parsed->length == segment->size());
    REQUIRE(fuzz::has_valid_checksum(*parsed));
    const size_t chunk = segment->size() - headers;
    REQUIRE(chunk > 0 && chunk <= virtio.gso_size && offset + chunk <= payload.size());
    REQUIRE(std::memcmp(segment->data() + headers, payload.data() + offset, chunk) == 0);
    offset += chunk;
    count += 1;
    std::memset(segment->data() + segment->size(), 1, kTailRoom);  // the ESP trailer goes there
  }
  REQUIRE(offset == payload.size() && count == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < sizeof(VirtioHeader) || size > 65'536) return 0;
  VirtioHeader virtio;
  std::memcpy(&virtio, data, sizeof virtio);
  std::vector<uint8_t> frame(data + sizeof virtio, data + size);
  frame.resize(frame.size() + kTailRoom);
  auto packet = parse_packet({frame.data(), frame.size() - kTailRoom});
  if (!packet) return 0;
  (void)FlowKey::of(*packet);
  const bool is_partial = (virtio.flags & kVirtioNeedsChecksum) != 0;
  const bool was_valid = fuzz::checksum_field(*packet) != 0 && packet->protocol == IPPROTO_TCP && packet->has_upper && fuzz::has_valid_checksum(*packet);
  if (clamp_mss(*packet, 1200, is_partial) && was_valid && !is_partial) REQUIRE(fuzz::has_valid_checksum(*packet));
  if (virtio.gso_type == kVirtioGsoNone)
    complete_checksum(*packet, virtio);
  else
    split(*packet, virtio);
  return 0;
}
