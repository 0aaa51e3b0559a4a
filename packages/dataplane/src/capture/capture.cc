/** Filter, length limit and ring of one packet. */
#include "capture/capture.h"

namespace xfrmd {

bool CaptureFilter::takes(const FlowKey& flow) const {
  if (protocol != 0 && protocol != flow.protocol) return false;
  if (port != 0 && port != flow.source_port && port != flow.destination_port) return false;
  if (address.family == AF_UNSPEC) return true;
  return address.family == flow.family && (std::memcmp(flow.source, address.bytes.data(), address.size()) == 0 ||
                                           std::memcmp(flow.destination, address.bytes.data(), address.size()) == 0);
}

void Capture::offer(size_t producer, bool is_inbound, std::span<const uint8_t> head, std::span<const uint8_t> body, uint64_t nanoseconds) {
  const auto length = static_cast<uint32_t>(head.size() + body.size());
  const CaptureRing::Record record{nanoseconds, length, std::min(length, settings.snap_length), is_inbound};
  if (!rings_[producer]->push(record, head, body)) dropped_[producer].add(1);
}

uint64_t Capture::dropped() const {
  uint64_t sum = 0;
  for (const Counter& each : dropped_) sum += each.get();
  return sum;
}

}  // namespace xfrmd
