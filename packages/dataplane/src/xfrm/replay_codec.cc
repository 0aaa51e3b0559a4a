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

bool is_extended(const xfrm_usersa_info& info) { return (info.flags & XFRM_STATE_ESN) != 0; }

ReplayState parse_long(const xfrm_usersa_info& info, Bytes value) {
  const auto fixed = load_raw<xfrm_replay_state_esn>(value.data());
  if (fixed.replay_window > fixed.bmp_len * 32) throw Refusal(EINVAL, "ESN replay window is too large for the chosen bitmap size");
  const bool extended = is_extended(info);
  if (extended && fixed.replay_window == 0) throw Refusal(EINVAL, "ESN replay window must be > 0");
  ReplayState state;
  state.bitmap_words = fixed.bmp_len;
  state.window = fixed.replay_window;
  state.sent = (extended ? uint64_t{fixed.oseq_hi} << 32 : 0) | fixed.oseq;
  state.received = (extended ? uint64_t{fixed.seq_hi} << 32 : 0) | fixed.seq;
  if (value.size() >= sizeof fixed + size_t{fixed.bmp_len} * 4)
    for_window(state.received, state.window, [&](uint64_t number) {
      const uint32_t bit = (static_cast<uint32_t>(number) - 1) % state.window;
      if ((load_raw<uint32_t>(value.data() + sizeof fixed + size_t{bit / 32} * 4) >> (bit % 32) & 1) != 0) state.seen.push_back(number);
    });
  return state;
}

ReplayState parse_short(uint32_t window, const Attributes& attributes) {
  ReplayState state;
  state.window = window;
  if (const auto given = attributes.read<xfrm_replay_state>(XFRMA_REPLAY_VAL)) {
    state.sent = given->oseq;
    state.received = given->seq;
    for_window(state.received, window, [&](uint64_t number) {
      if ((given->bitmap >> (state.received - number) & 1) != 0) state.seen.push_back(number);
    });
  }
  return state;
}

}  // namespace

void verify_replay(const xfrm_usersa_info& info, const Attributes& attributes) {
  if (!attributes.has(XFRMA_REPLAY_ESN_VAL)) {
    if (is_extended(info)) throw Refusal(EINVAL, "Missing required attribute for ESN");
    return;
  }
  const Bytes value = attributes.get(XFRMA_REPLAY_ESN_VAL);
  const auto fixed = load_raw<xfrm_replay_state_esn>(value.data());
  if (fixed.bmp_len > XFRMA_REPLAY_ESN_MAX / 32) throw Refusal(EINVAL, "ESN bitmap length must be <= 128");
  if (value.size() < sizeof fixed + size_t{fixed.bmp_len} * 4 && value.size() != sizeof fixed)
    throw Refusal(EINVAL, "ESN attribute is too short to fit the full bitmap length");
  if (info.replay_window != 0) throw Refusal(EINVAL, "ESN not compatible with legacy replay_window");
}

ReplayState parse_replay(const xfrm_usersa_info& info, const Attributes& attributes) {
  if (attributes.has(XFRMA_REPLAY_ESN_VAL)) return parse_long(info, attributes.get(XFRMA_REPLAY_ESN_VAL));
  return parse_short(std::min<uint32_t>(info.replay_window, kShortWindow), attributes);
}

ReplayState parse_replay_update(const xfrm_usersa_info& info, uint32_t bitmap_words, uint32_t window, const Attributes& attributes) {
  if (bitmap_words == 0) return parse_short(window, attributes);
  const Bytes value = attributes.get(XFRMA_REPLAY_ESN_VAL);
  const auto fixed = load_raw<xfrm_replay_state_esn>(value.data());
  if (fixed.bmp_len != bitmap_words || value.size() < sizeof fixed + size_t{bitmap_words} * 4 || fixed.replay_window > bitmap_words * 32)
    throw Refusal::silent(EINVAL, "replay bitmap of another size");
  // The kernel would change the window as well; here it is part of what workers take for constant.
  if (fixed.replay_window != window) throw Refusal(EOPNOTSUPP, "An SA can't change its replay window");
  return parse_long(info, value);
}

void write_replay(MessageWriter& writer, const Sa& sa, uint32_t bitmap_words) {
  const uint64_t sent = sa.last_sent.load(std::memory_order_relaxed), received = sa.replay.top();
  const uint32_t window = sa.replay.size();
  if (bitmap_words == 0) {
    xfrm_replay_state state{static_cast<uint32_t>(sent), static_cast<uint32_t>(received), 0};
    for_window(received, std::min(window, kShortWindow), [&](uint64_t number) {
      if (sa.replay.is_marked(number)) state.bitmap |= uint32_t{1} << (received - number);
    });
    writer.attribute(XFRMA_REPLAY_VAL, state);
    return;
  }
  xfrm_replay_state_esn state{};
  state.bmp_len = bitmap_words;
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
