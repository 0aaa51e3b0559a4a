/** UDP 4500 input to the end: keep-alives, IKE, ESP of NULL encryption and of GCM, with policies in place but no TUN. */
#include "../test/xfrm_requests.h"
#include "engine/inbound.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace xfrmd;
  struct World {
    DataPlane plane{1};
    XfrmService service{plane};
    requests::RecordingPeer peer;
    DropCounters drops;
    Inbound inbound{plane.tables(), plane.notices(), drops};
    World() {
      silence_log();
      service.handle(peer, requests::new_sa(requests::sa_info(requests::kPeer, requests::kUs, 0x1000)));
      service.handle(peer, requests::new_policy(XFRM_POLICY_IN, 0));
      service.handle(peer, requests::new_policy(XFRM_POLICY_FWD, 0));
    }
  };
  static auto* world = new World;
  std::vector<uint8_t> bytes(data, data + size);
  Inbound::Arrival arrival;
  arrival.from = {Address::from_xfrm(AF_INET, requests::v4(requests::kPeer)), 4500};
  arrival.to = Address::from_xfrm(AF_INET, requests::v4(requests::kUs));
  // What a cipher would give: the same bytes taken as a decrypted inner packet.
  const auto sa = world->plane.tables().find_sa({arrival.to, swap_if_little(uint32_t{0x1000}), IPPROTO_ESP});
  if (sa != nullptr && !bytes.empty() && (bytes[0] & 0x80) != 0) {
    std::vector<uint8_t> plain(bytes.begin() + 1, bytes.end());
    plain.resize((plain.size() + 3) / 4 * 4 + 4);
    std::vector<uint8_t> sealed(plain.size() + sa->transform->overhead());
    sa->transform->seal(sa->config.key.spi, sa->replay.top() + 1, plain, sealed.data());
    bytes = sealed;
  }
  world->inbound.handle_datagram(nullptr, bytes, arrival);
  world->inbound.flush();
  world->service.handle_notices();
  world->peer.clear();
  return 0;
}
