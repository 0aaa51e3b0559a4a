/**
 * ESP input to the end: look-up, replay window, decryption, padding, inner packet, policy, ECN, MSS and the TUN. Half of the
 * inputs are taken as a decrypted payload and sealed first, or no input would ever pass the integrity check. The TUN is a real
 * one in a network namespace of this process's own; without the right to that, packets end in front of it.
 */
#include <sched.h>

#include "../test/xfrm_requests.h"
#include "engine/inbound.h"

using namespace xfrmd;

namespace {

constexpr uint32_t kFirstSpi = 0x1000;
constexpr uint8_t kSealed = 0x80, kRawTrailer = 0x40, kSuiteMask = 3, kTransport = 4, kSaMask = kTransport | kSuiteMask;

std::vector<uint8_t> new_sa(uint32_t index) {
  auto info = requests::sa_info(requests::kPeer, requests::kUs, kFirstSpi + index);
  if ((index & 1) != 0) info.flags |= XFRM_STATE_DECAP_DSCP;
  if ((index & kTransport) != 0) info.mode = XFRM_MODE_TRANSPORT;
  const uint32_t suite = index & kSuiteMask;
  if (suite == 0) return requests::new_sa(info);
  MessageWriter writer(XFRM_MSG_NEWSA, NLM_F_REQUEST | NLM_F_ACK, 1, 0);
  writer.fixed(info);
  if (suite == 1)
    writer.attribute_bytes(XFRMA_ALG_CRYPT, requests::algorithm("cbc(aes)", 16))
        .attribute_bytes(XFRMA_ALG_AUTH_TRUNC, requests::algorithm("hmac(sha256)", 32, 128));
  else if (suite == 2)
    writer.attribute_bytes(XFRMA_ALG_CRYPT, requests::algorithm("rfc3686(ctr(aes))", 20))
        .attribute_bytes(XFRMA_ALG_AUTH_TRUNC, requests::algorithm("hmac(sha1)", 20, 96));
  else
    writer.attribute_bytes(XFRMA_ALG_AEAD, requests::algorithm("rfc7539esp(chacha20,poly1305)", 36, 128));
  const xfrm_encap_tmpl encap{2, swap_if_little(uint16_t{4500}), swap_if_little(uint16_t{4500}), {}};
  return writer.attribute(XFRMA_ENCAP, encap).attribute(XFRMA_IF_ID, uint32_t{7}).finish();
}

/** All but SCTP between the ends: asked first, so that transport mode has policies of both outcomes. */
std::vector<uint8_t> transport_policy(uint8_t action, uint8_t protocol, uint32_t priority) {
  auto info = requests::policy_info(XFRM_POLICY_IN);
  info.sel.saddr = requests::v4(requests::kPeer);
  info.sel.daddr = requests::v4(requests::kUs);
  info.sel.prefixlen_s = info.sel.prefixlen_d = 32;
  info.sel.proto = protocol;
  info.action = action;
  info.priority = priority;
  xfrm_user_tmpl wanted{};
  wanted.id.proto = IPPROTO_ESP;
  wanted.family = AF_INET;
  wanted.reqid = 1;
  wanted.mode = XFRM_MODE_TRANSPORT;
  return MessageWriter(XFRM_MSG_NEWPOLICY, NLM_F_REQUEST | NLM_F_ACK, 1, 0).fixed(info).attribute(XFRMA_TMPL, wanted).attribute(XFRMA_IF_ID, uint32_t{7}).finish();
}

struct World {
  DataPlane plane{1};
  XfrmService service{plane};
  requests::RecordingPeer peer;
  DropCounters drops;
  Inbound inbound{plane.tables(), plane.notices(), drops};
  World() {
    silence_log();
    for (uint32_t i = 0; i <= kSaMask; i++) service.handle(peer, new_sa(i));
    service.handle(peer, transport_policy(XFRM_POLICY_BLOCK, IPPROTO_SCTP, 1));
    service.handle(peer, transport_policy(XFRM_POLICY_ALLOW, 0, 2));
    service.handle(peer, requests::new_policy(XFRM_POLICY_IN, 0));
    service.handle(peer, requests::new_policy(XFRM_POLICY_FWD, 0));
    if (::unshare(CLONE_NEWNET) != 0) return;
    try {
      plane.create_tunnel({7, "fuzz", 1400, 1200});
    } catch (const std::system_error&) {
      return;  // no /dev/net/tun here
    }
  }
};

/** What the bytes are by their first: an IP packet in tunnel mode; in transport mode that byte itself says, which no upper layer minds. */
uint8_t next_header(std::span<const uint8_t> bytes, bool is_transport) {
  if (is_transport) return bytes.empty() ? uint8_t{IPPROTO_NONE} : bytes[0];
  return !bytes.empty() && bytes[0] >> 4 == 6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
}

/** The bytes as a peer's plaintext: padded as RFC 4303 asks for, or with whatever trailer the input has. */
std::vector<uint8_t> plaintext(std::span<const uint8_t> bytes, bool has_raw_trailer, size_t block, bool is_transport) {
  std::vector<uint8_t> plain(bytes.begin(), bytes.end());
  const size_t trailer = has_raw_trailer ? 0 : 2;
  for (uint8_t i = 1; (plain.size() + trailer) % block != 0 || plain.size() + trailer == 0; i++) plain.push_back(i);
  if (has_raw_trailer) return plain;
  plain.push_back(static_cast<uint8_t>(plain.size() - bytes.size()));
  plain.push_back(next_header(bytes, is_transport));
  return plain;
}

}  // namespace

/** First byte: sealed or not, which trailer, mode and suite. Second: traffic class of the outer packet. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* world = new World;
  if (size < 2 || size > 65'000) return 0;
  Inbound::Arrival arrival;
  arrival.from = {Address::from_xfrm(AF_INET, requests::v4(requests::kPeer)), 4500};
  arrival.to = Address::from_xfrm(AF_INET, requests::v4(requests::kUs));
  arrival.traffic_class = data[1];
  std::vector<uint8_t> bytes(data + 2, data + size);
  const Sa* sa = world->plane.tables().find_sa({arrival.to, swap_if_little(kFirstSpi + (data[0] & kSaMask)), IPPROTO_ESP});
  if (sa != nullptr && (data[0] & kSealed) != 0) {
    const auto plain = plaintext(bytes, (data[0] & kRawTrailer) != 0, sa->transform->block(), sa->is_transport());
    bytes.resize(plain.size() + sa->transform->overhead());
    sa->transform->seal(sa->config.key.spi, sa->replay.top() + 1, plain, bytes.data());
  }
  world->inbound.handle_datagram(nullptr, bytes, arrival);
  world->inbound.flush();
  world->service.handle_notices();
  world->peer.clear();
  return 0;
}
