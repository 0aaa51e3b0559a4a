/**
 * What inbound processing keeps from one packet of a batch for the next (SA, interface, the policy's answer): never longer than the
 * batch, never for another flow or SA.
 */
#include <list>

#include "engine_world.h"
#include "gcm_libraries.h"

using namespace xfrmd;
using namespace engine_world;

namespace {

/** A peer that sends datagrams; what it sent stays where it is, as in the buffer of a batch. */
class Sender {
 public:
  explicit Sender(World& to) : to_(to) {}

  void send(uint16_t port = 53) {
    auto packet = packets::udp(4, 10);
    store16(&packet[22], port);
    packets::finish_upper(packet, 20, IPPROTO_UDP, 6);
    const bool is_transport = to_.sa->is_transport();
    sent_.push_back(to_.seal({packet.begin() + (is_transport ? 20 : 0), packet.end()}, is_transport ? IPPROTO_UDP : IPPROTO_IPIP, ++number_));
    repeat_last();
  }
  void repeat_last() { to_.inbound.handle_datagram(nullptr, sent_.back(), to_.from_here()); }

 private:
  World& to_;
  std::list<std::vector<uint8_t>> sent_;
  uint64_t number_ = 0;
};

/** As the control thread changes it between two packets: only datagrams to port 54 are allowed any more. */
void allow_another_port(World& world) {
  xfrm_selector selector{};
  selector.family = AF_INET;
  selector.proto = IPPROTO_UDP;
  selector.dport = swap_if_little(uint16_t{54});
  selector.dport_mask = 0xffff;
  world.set_policy(XFRM_POLICY_IN, selector);
}

/** Ends the batch. */
size_t delivered_bytes(World& world) {
  world.inbound.flush();
  size_t sum = 0;
  while (const auto packet = world.delivered()) sum += packet->size();
  return sum;
}

Options with_mode(uint8_t mode) {
  Options options;
  options.mode = mode;
  return options;
}

constexpr uint8_t kModes[] = {XFRM_MODE_TUNNEL, XFRM_MODE_TRANSPORT};

}  // namespace

TEST(a_policy_that_changes_is_asked_by_the_next_batch) {
  for (const uint8_t mode : kModes) {
    World world(with_mode(mode));
    Sender peer(world);
    for (int i = 0; i < 2; i++) peer.send();
    CHECK(delivered_bytes(world) > 0 && world.dropped(Drop::InboundPolicy) == 0);
    allow_another_port(world);
    for (int i = 0; i < 2; i++) peer.send();
    CHECK(delivered_bytes(world) == 0 && world.dropped(Drop::InboundPolicy) == 2);
    peer.send(54);
    CHECK(delivered_bytes(world) > 0);
  }
}

TEST(policies_that_go_leave_no_answer_behind) {
  for (const uint8_t mode : kModes) {
    World world(with_mode(mode));
    Sender peer(world);
    peer.send();
    CHECK(delivered_bytes(world) > 0);
    world.tables.publish_policies(kIfId, XFRM_POLICY_IN, std::make_shared<PolicyList>());
    peer.send();
    CHECK(delivered_bytes(world) == 0 && world.dropped(Drop::InboundPolicy) == 1);
  }
}

TEST(an_answer_is_for_one_flow) {
  for (const uint8_t mode : kModes) {
    World world(with_mode(mode));
    Sender peer(world);
    allow_another_port(world);
    for (const uint16_t port : {54, 53, 54, 53}) peer.send(port);
    CHECK(delivered_bytes(world) > 0 && world.dropped(Drop::InboundPolicy) == 2);
  }
}

// What its owner deleted may be freed once this batch has ended: the next must not meet it.
TEST(an_sa_that_goes_is_not_found_by_the_next_batch) {
  World world;
  Sender peer(world);
  peer.send();
  CHECK(delivered_bytes(world) > 0);
  world.tables.unpublish_sa(*world.sa);
  world.sa.reset();
  peer.repeat_last();
  CHECK(delivered_bytes(world) == 0 && world.dropped(Drop::UnknownSpi) == 1);
}

int main() { return gcm_libraries::run_with_each(); }
