/** Inner packets: what comes out of a TUN with its virtio header, and what comes out of ESP before coalescing. */
#include "net/coalesce.h"
#include "net/mss.h"
#include "net/segment.h"
#include "xfrm/selector.h"

namespace {

using namespace xfrmd;

class Discard final : public FrameSink {
 public:
  void write_frame(void*, std::span<const iovec> parts) override {
    for (const iovec& part : parts)
      for (size_t i = 0; i < part.iov_len; i++) sum_ = sum_ + static_cast<const uint8_t*>(part.iov_base)[i];
  }

 private:
  volatile uint64_t sum_ = 0;
};

void from_tun(const uint8_t* data, size_t size) {
  if (size < sizeof(VirtioHeader)) return;
  VirtioHeader virtio;
  std::memcpy(&virtio, data, sizeof virtio);
  std::vector<uint8_t> frame(data + sizeof virtio, data + size);
  frame.resize(frame.size() + kTailRoom);
  auto packet = parse_packet({frame.data(), frame.size() - kTailRoom});
  if (!packet) return;
  (void)FlowKey::of(*packet);
  clamp_mss(*packet, 1200, (virtio.flags & kVirtioNeedsChecksum) != 0);
  complete_checksum(*packet, virtio);
  if (auto segmenter = Segmenter::make(*packet, virtio))
    while (const auto segment = segmenter->next()) std::memset(segment->data() + segment->size(), 1, kTailRoom);
}

void from_esp(const uint8_t* data, size_t size) {
  Discard sink;
  Coalescer coalescer(sink);
  std::vector<std::vector<uint8_t>> kept;
  kept.reserve(64);
  // Cut into packets by a length byte, so that one input is a sequence.
  for (size_t at = 0; at < size && kept.size() < 64;) {
    const size_t length = std::min<size_t>(size_t{data[at]} * 4, size - at - 1);
    kept.emplace_back(data + at + 1, data + at + 1 + length);
    at += 1 + length;
    if (const auto packet = parse_packet(kept.back())) coalescer.add(nullptr, *packet, true);
  }
  coalescer.flush();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 65'536) return 0;
  if ((data[0] & 1) == 0)
    from_tun(data + 1, size - 1);
  else
    from_esp(data + 1, size - 1);
  return 0;
}
