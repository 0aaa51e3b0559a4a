/**
 * Requests and what a kernel answers to them: errno (0: carried out) and the text of its extended acknowledgement.
 * Recorded from Debian 12's 6.1.0-56 by `xfrm_errno_test --kernel`, which runs the same requests on a NETLINK_XFRM socket.
 * `ours` differs where this engine is stricter on purpose; its reason stands beside it.
 */
#pragma once
#include <optional>

#include "xfrm_requests.h"

namespace requests {

struct Answer {
  int error = 0;
  std::string said;
  bool operator==(const Answer&) const = default;
};

struct ErrnoCase {
  const char* name;
  std::vector<std::vector<uint8_t>> before;  // must all succeed
  std::vector<uint8_t> message;
  Answer kernel;
  std::optional<Answer> ours = std::nullopt;
};

inline std::vector<uint8_t> plain(uint16_t type, const auto& fixed, auto add, uint16_t flags = NLM_F_REQUEST | NLM_F_ACK) {
  MessageWriter writer(type, flags, 1, 0);
  writer.fixed(fixed);
  add(writer);
  return writer.finish();
}
inline std::vector<uint8_t> plain(uint16_t type, const auto& fixed) {
  return plain(type, fixed, [](MessageWriter&) {});
}

inline std::vector<uint8_t> sa_with(auto change, auto add, uint16_t type = XFRM_MSG_NEWSA) {
  auto info = sa_info(kUs, kPeer, 0x4444);
  change(info);
  return plain(type, info, add);
}
inline std::vector<uint8_t> sa_with(auto change) {
  return sa_with(change, [](MessageWriter& w) { with_gcm(w); });
}

inline std::vector<uint8_t> policy_with(auto change, auto add, uint16_t type = XFRM_MSG_NEWPOLICY) {
  auto info = policy_info(XFRM_POLICY_OUT);
  change(info);
  return plain(type, info, add);
}

inline xfrm_usersa_id sa_id(uint32_t destination, uint32_t spi) {
  return {v4(destination), swap_if_little(spi), AF_INET, IPPROTO_ESP};
}
inline xfrm_aevent_id ae_id(uint32_t destination, uint32_t spi) {
  xfrm_aevent_id id{};
  id.sa_id = sa_id(destination, spi);
  return id;
}
inline xfrm_userpolicy_id policy_id(uint8_t direction) {
  xfrm_userpolicy_id id{};
  id.sel = policy_info(direction).sel;
  id.dir = direction;
  return id;
}
inline xfrm_user_tmpl template_of(uint8_t protocol, uint8_t mode) {
  xfrm_user_tmpl wanted{};
  wanted.id = {v4(kPeer), 0, protocol};
  wanted.saddr = v4(kUs);
  wanted.family = AF_INET;
  wanted.mode = mode;
  return wanted;
}
inline xfrm_user_migrate migration(uint32_t old_peer, uint32_t new_peer) {
  xfrm_user_migrate move{};
  move.old_daddr = v4(old_peer), move.old_saddr = v4(kUs), move.new_daddr = v4(new_peer), move.new_saddr = v4(kUs);
  move.proto = IPPROTO_ESP, move.mode = XFRM_MODE_TUNNEL, move.reqid = 1;
  move.old_family = move.new_family = AF_INET;
  return move;
}
inline std::vector<uint8_t> esn_state(uint32_t window, uint32_t words, size_t cut = 0) {
  xfrm_replay_state_esn state{};
  state.bmp_len = words;
  state.replay_window = window;
  std::vector<uint8_t> bytes(sizeof state + size_t{words} * 4 - cut);
  memcpy(bytes.data(), &state, sizeof state);
  return bytes;
}

inline const std::vector<uint8_t>& an_sa() {
  static const auto message = new_sa(sa_info(kUs, kPeer, 0x4444));
  return message;
}

std::vector<ErrnoCase> errno_cases();

}  // namespace requests
