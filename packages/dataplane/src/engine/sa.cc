/** Sizes that follow from an SA's algorithms and outer header. */
#include "engine/sa.h"

namespace xfrmd {

void Sa::set_path_mtu(uint32_t mtu) {
  constexpr uint32_t kTrailer = 2;
  uint32_t largest = UINT32_MAX;
  if (mtu != 0) {
    const OuterHeader& header = *outer.load(std::memory_order_acquire);
    const auto around = static_cast<uint32_t>(header.size() + transform->overhead());
    const auto block = static_cast<uint32_t>(transform->block());
    // The smallest path MTU that is believed leaves room for far more than this.
    largest = mtu < around + block ? 0 : (mtu - around) / block * block - kTrailer;
    // In transport mode the packet's own header is the outer one, and counted on both sides.
    if (is_transport() && largest != 0) largest += header.ip_size();
  }
  path_mtu.store(mtu, std::memory_order_relaxed);
  largest_inner.store(largest, std::memory_order_relaxed);
}

}  // namespace xfrmd
