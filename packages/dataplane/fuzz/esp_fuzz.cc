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
constexpr uint8_t kSealed = 0x80, kRawTrailer = 0x40, kSuiteMask = 3;

std::vector<uint8_t> new_sa(uint32_t index) {
  auto info = requests::sa_info(requests::kPeer, requests::kUs, kFirstSpi + index);
  if ((index & 1) != 0) info.flags |= XFRM_STATE_DECAP_DSCP;
  if (index == 0) return requests::new_sa(info);
  MessageWriter writer(XFRM_MSG_NEWSA, NLM_F_REQUEST | NLM_F_ACK, 1, 0);
  writer.fixed(info);
  if (index == 1)
    writer.attribute_bytes(XFRMA_ALG_CRYPT, requests::algorithm("cbc(aes)", 16))
        .attribute_bytes(XFRMA_ALG_AUTH_TRUNC, requests::algorithm("hmac(sha256)", 32, 128));
  else if (index == 2)
    writer.attribute_bytes(XFRMA_ALG_CRYPT, requests::algorithm("rfc3686(ctr(aes))", 20))
        .attribute_bytes(XFRMA_ALG_AUTH_TRUNC, requests::algorithm("hmac(sha1)", 20, 96));
  else
    writer.attribute_bytes(XFRMA_ALG_AEAD, requests::algorithm("rfc7539esp(chacha20,poly1305)", 36, 128));
  const xfrm_encap_tmpl encap{2, swap_if_little(uint16_t{4500}), swap_if_little(uint16_t{4500}), {}};
  return writer.attribute(XFRMA_ENCAP, encap).attribute(XFRMA_IF_ID, uint32_t{7}).finish();
}

struct World {
  DataPlane plane{1};
  XfrmService service{plane};
  requests::RecordingPeer peer;
  DropCounters drops;
  Inbound inbound{plane.tables(), plane.notices(), drops};
  World() {
    silence_log();
    for (uint32_t i = 0; i <= kSuiteMask; i++) service.handle(peer, new_sa(i));
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

/** The bytes as a peer's plaintext: padded as RFC 4303 asks for, or with whatever trailer the input has. */
std::vector<uint8_t> plaintext(std::span<const uint8_t> bytes, bool has_raw_trailer, size_t block) {
  std::vector<uint8_t> plain(bytes.begin(), bytes.end());
  const size_t trailer = has_raw_trailer ? 0 : 2;
  for (uint8_t i = 1; (plain.size() + trailer) % block != 0 || plain.size() + trailer == 0; i++) plain.push_back(i);
  if (has_raw_trailer) return plain;
  plain.push_back(static_cast<uint8_t>(plain.size() - bytes.size()));
  plain.push_back(!bytes.empty() && bytes[0] >> 4 == 6 ? IPPROTO_IPV6 : IPPROTO_IPIP);
  return plain;
}

}  // namespace

/** First byte: sealed or not, which trailer, which suite. Second: traffic class of the outer packet. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* world = new World;
  if (size < 2 || size > 65'000) return 0;
  Inbound::Arrival arrival;
  arrival.from = {Address::from_xfrm(AF_INET, requests::v4(requests::kPeer)), 4500};
  arrival.to = Address::from_xfrm(AF_INET, requests::v4(requests::kUs));
  arrival.traffic_class = data[1];
  std::vector<uint8_t> bytes(data + 2, data + size);
  const Sa* sa = world->plane.tables().find_sa({arrival.to, swap_if_little(kFirstSpi + (data[0] & kSuiteMask)), IPPROTO_ESP});
  if (sa != nullptr && (data[0] & kSealed) != 0) {
    const auto plain = plaintext(bytes, (data[0] & kRawTrailer) != 0, sa->transform->block());
    bytes.resize(plain.size() + sa->transform->overhead());
    sa->transform->seal(sa->config.key.spi, sa->replay.top() + 1, plain, bytes.data());
  }
  world->inbound.handle_datagram(nullptr, bytes, arrival);
  world->inbound.flush();
  world->service.handle_notices();
  world->peer.clear();
  return 0;
}
