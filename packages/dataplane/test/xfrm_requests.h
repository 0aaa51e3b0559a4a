/** Builds XFRM requests the way charon does, and keeps what a service answers. */
#pragma once
#include <string>

#include "xfrm/service.h"

namespace requests {

using namespace xfrmd;

class RecordingPeer final : public XfrmPeer {
 public:
  RecordingPeer() {
    pid = 100;
    port_id = 4711;
  }
  void send(std::vector<uint8_t> datagram) override {
    Bytes rest = datagram;
    while (auto message = next_message(rest)) {
      types.push_back(message->header.nlmsg_type);
      messages.push_back({datagram.end() - static_cast<long>(rest.size() + message->header.nlmsg_len), datagram.end() - static_cast<long>(rest.size())});
      if (message->header.nlmsg_type == NLMSG_ERROR) last_error = -message->fixed<nlmsgerr>().error;
    }
  }
  std::vector<uint16_t> types;
  std::vector<std::vector<uint8_t>> messages;
  int last_error = -1;
  void clear() {
    types.clear();
    messages.clear();
    last_error = -1;
  }
};

inline xfrm_address_t v4(uint32_t host_order) {
  xfrm_address_t address{};
  address.a4 = swap_if_little(host_order);
  return address;
}

constexpr uint32_t kUs = 0xc0000201, kPeer = 0xc0000202;

inline xfrm_usersa_info sa_info(uint32_t source, uint32_t destination, uint32_t spi) {
  xfrm_usersa_info info{};
  info.family = AF_INET;
  info.saddr = v4(source);
  info.id = {v4(destination), swap_if_little(spi), IPPROTO_ESP};
  info.mode = XFRM_MODE_TUNNEL;
  info.reqid = 1;
  info.replay_window = 32;
  info.lft.soft_byte_limit = info.lft.hard_byte_limit = info.lft.soft_packet_limit = info.lft.hard_packet_limit = UINT64_MAX;
  return info;
}

inline std::vector<uint8_t> algorithm(const char* name, size_t key_bytes, int extra = -1) {
  std::vector<uint8_t> bytes(64);
  memcpy(bytes.data(), name, strlen(name));
  const auto put = [&](uint32_t value) { bytes.insert(bytes.end(), reinterpret_cast<uint8_t*>(&value), reinterpret_cast<uint8_t*>(&value) + 4); };
  put(static_cast<uint32_t>(key_bytes * 8));
  if (extra >= 0) put(static_cast<uint32_t>(extra));
  for (size_t i = 0; i < key_bytes; i++) bytes.push_back(static_cast<uint8_t>(i));
  return bytes;
}

inline MessageWriter& with_gcm(MessageWriter& writer) {
  const xfrm_encap_tmpl encap{2, swap_if_little(uint16_t{4500}), swap_if_little(uint16_t{4500}), {}};
  return writer.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 128)).attribute(XFRMA_ENCAP, encap).attribute(XFRMA_IF_ID, uint32_t{7});
}

inline std::vector<uint8_t> new_sa(const xfrm_usersa_info& info, uint16_t type = XFRM_MSG_NEWSA) {
  MessageWriter writer(type, NLM_F_REQUEST | NLM_F_ACK, 1, 0);
  writer.fixed(info);
  return with_gcm(writer).finish();
}

inline xfrm_userpolicy_info policy_info(uint8_t direction) {
  xfrm_userpolicy_info info{};
  info.sel.family = AF_INET;
  info.dir = direction;
  info.priority = 1000;
  info.action = XFRM_POLICY_ALLOW;
  return info;
}

inline std::vector<uint8_t> new_policy(uint8_t direction, uint32_t spi, uint16_t type = XFRM_MSG_NEWPOLICY, uint32_t if_id = 7) {
  xfrm_user_tmpl wanted{};
  const bool is_out = direction == XFRM_POLICY_OUT;
  wanted.id = {v4(is_out ? kPeer : kUs), swap_if_little(spi), IPPROTO_ESP};
  wanted.saddr = v4(is_out ? kUs : kPeer);
  wanted.family = AF_INET;
  wanted.reqid = 1;
  wanted.mode = XFRM_MODE_TUNNEL;
  return MessageWriter(type, NLM_F_REQUEST | NLM_F_ACK, 1, 0)
      .fixed(policy_info(direction))
      .attribute(XFRMA_TMPL, wanted)
      .attribute(XFRMA_IF_ID, if_id)
      .finish();
}

}  // namespace requests
