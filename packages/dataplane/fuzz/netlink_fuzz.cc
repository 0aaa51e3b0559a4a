/** XFRM netlink input: one datagram as the shim would pass it. State is kept over many inputs, so sequences are found too. */
#include "../test/xfrm_requests.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* plane = new xfrmd::DataPlane(1);
  static auto* service = new xfrmd::XfrmService(*plane);
  static auto* peer = new requests::RecordingPeer;
  static unsigned inputs = 0;
  peer->groups = ~0u;
  static const bool is_added = (xfrmd::silence_log(), service->add_peer(*peer), true);
  (void)is_added;
  service->handle(*peer, {data, size});
  service->tick();
  service->handle_notices();
  peer->clear();
  if (++inputs % 256 == 0) service->forget_owner(peer->pid);
  plane->collect();
  return 0;
}
