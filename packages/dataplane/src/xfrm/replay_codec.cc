/** In the long form bit (number - 1) mod window stands for a number; in the short one bit i stands for newest - i. */
#include "xfrm/replay_codec.h"

#include <algorithm>

namespace xfrmd {
namespace {

constexpr uint32_t kShortWindow = 32;

/** Calls `visit` with each number that lies in a window ending at `top`. */
template <class Visit>
void for_window(uint64_t top, uint32_t window, Visit visit) {
  for (uint64_t back = 0; back < window && back < top; back++) visit(top - back);
}

ReplayState parse_long(const xfrm_usersa_info& info, Bytes value) {
  const auto fixed = load_raw<xfrm_replay_state_esn>(value.data());
  if (fixed.bmp_len > XFRMA_REPLAY_ESN_MAX / 32) throw Refusal(EINVAL, "replay window too large");
  const bool has_bitmap = value.size() >= sizeof fixed + size_t{fixed.bmp_len} * 4;
  if (!has_bitmap && value.size() != sizeof fixed) throw Refusal(EINVAL, "replay bitmap cut short");
  if (info.replay_window != 0) throw Refusal(EINVAL, "two replay windows");
  if (fixed.replay_window > fixed.bmp_len * 32) throw Refusal(EINVAL, "replay window larger than its bitmap");
  const bool extended = (info.flags & XFRM_STATE_ESN) != 0;
  if (extended && fixed.replay_window == 0) throw Refusal(EINVAL, "ESN needs a replay window");
  ReplayState state;
  state.window = fixed.replay_window;
  state.sent = (extended ? uint64_t{fixed.oseq_hi} << 32 : 0) | fixed.oseq;
  state.received = (extended ? uint64_t{fixed.seq_hi} << 32 : 0) | fixed.seq;
  if (has_bitmap)
    for_window(state.received, state.window, [&](uint64_t number) {
      const uint32_t bit = (static_cast<uint32_t>(number) - 1) % state.window;
      if ((load_raw<uint32_t>(value.data() + sizeof fixed + size_t{bit / 32} * 4) >> (bit % 32) & 1) != 0) state.seen.push_back(number);
    });
  return state;
}

}  // namespace

ReplayState parse_replay(const xfrm_usersa_info& info, const Attributes& attributes) {
  if (attributes.has(XFRMA_REPLAY_ESN_VAL)) return parse_long(info, attributes.get(XFRMA_REPLAY_ESN_VAL));
  if ((info.flags & XFRM_STATE_ESN) != 0) throw Refusal(EINVAL, "ESN without its replay state");
  ReplayState state;
  state.window = std::min<uint32_t>(info.replay_window, kShortWindow);
  if (const auto given = attributes.read<xfrm_replay_state>(XFRMA_REPLAY_VAL)) {
    state.sent = given->oseq;
    state.received = given->seq;
    for_window(state.received, state.window, [&](uint64_t number) {
      if ((given->bitmap >> (state.received - number) & 1) != 0) state.seen.push_back(number);
    });
  }
  return state;
}

void write_replay(MessageWriter& writer, const Sa& sa, bool uses_esn_form) {
  const uint64_t sent = sa.last_sent.load(std::memory_order_relaxed), received = sa.replay.top();
  const uint32_t window = sa.replay.size();
  if (!uses_esn_form) {
    xfrm_replay_state state{static_cast<uint32_t>(sent), static_cast<uint32_t>(received), 0};
    for_window(received, std::min(window, kShortWindow), [&](uint64_t number) {
      if (sa.replay.is_marked(number)) state.bitmap |= uint32_t{1} << (received - number);
    });
    writer.attribute(XFRMA_REPLAY_VAL, state);
    return;
  }
  xfrm_replay_state_esn state{};
  state.bmp_len = (window + 31) / 32;
  state.oseq = static_cast<uint32_t>(sent);
  state.seq = static_cast<uint32_t>(received);
  if (sa.extended()) {
    state.oseq_hi = static_cast<uint32_t>(sent >> 32);
    state.seq_hi = static_cast<uint32_t>(received >> 32);
  }
  state.replay_window = window;
  std::vector<uint8_t> bytes(sizeof state + size_t{state.bmp_len} * 4);
  store_raw(bytes.data(), state);
  for_window(received, window, [&](uint64_t number) {
    if (!sa.replay.is_marked(number)) return;
    const uint32_t bit = (static_cast<uint32_t>(number) - 1) % window;
    uint8_t* word = bytes.data() + sizeof state + size_t{bit / 32} * 4;
    store_raw(word, load_raw<uint32_t>(word) | uint32_t{1} << (bit % 32));
  });
  writer.attribute_bytes(XFRMA_REPLAY_ESN_VAL, bytes);
}

}  // namespace xfrmd
