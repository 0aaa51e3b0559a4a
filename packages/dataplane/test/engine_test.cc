/** Packets through the engine in tunnel mode: what is delivered, refused, counted and told. */
#include <thread>

#include "base/log.h"
#include "engine/limits.h"
#include "engine/path_mtu.h"
#include "engine_world.h"
#include "gcm_libraries.h"
#include "net/ecn.h"
#include "net/too_big.h"

using namespace xfrmd;
using namespace engine_world;

namespace {

std::vector<uint8_t> with_class(std::vector<uint8_t> bytes, uint8_t traffic_class) {
  parse_packet(bytes)->set_traffic_class(traffic_class);
  return bytes;
}

uint8_t class_of(std::vector<uint8_t> bytes) { return parse_packet(bytes)->traffic_class(); }

std::vector<uint8_t> without_df(std::vector<uint8_t> bytes) {
  bytes[6] &= 0xbf;
  store_ipv4_checksum(bytes.data(), 20);
  return bytes;
}

}  // namespace

TEST(a_packet_goes_round) {
  World world;
  for (const int version : {4, 6}) {
    const auto packet = packets::udp(version, 333);
    world.send(packet);
    const auto esp = world.sealed();
    CHECK(esp && load_raw<uint32_t>(esp->bytes.data()) == kSpi);
    world.receive(esp->bytes);
    CHECK(world.delivered() == packet);
  }
  CHECK(world.sa->packets.get() == 4);
}

TEST(markings_go_out_as_the_sa_says) {
  for (const bool keeps_dscp : {true, false})
    for (const bool keeps_ecn : {true, false}) {
      World world({keeps_ecn ? uint8_t{0} : uint8_t{XFRM_STATE_NOECN}, keeps_dscp ? 0u : uint32_t{XFRM_SA_XFLAG_DONT_ENCAP_DSCP}});
      for (const int version : {4, 6})
        for (const unsigned value : {0x00u, 0x01u, 0x02u, 0x03u, 0xb8u, 0xb9u, 0xbau, 0xbbu, 0xffu}) {
          world.send(with_class(packets::udp(version, 10), static_cast<uint8_t>(value)));
          const auto esp = world.sealed();
          CHECK(esp && esp->traffic_class == ((keeps_dscp ? value & 0xfc : 0) | (keeps_ecn ? value & 3 : 0)));
        }
    }
}

TEST(markings_come_in_as_rfc6040_and_the_sa_say) {
  for (const uint8_t flags : {uint8_t{0}, uint8_t{XFRM_STATE_NOECN}, uint8_t{XFRM_STATE_DECAP_DSCP}})
    for (const int version : {4, 6})
      for (unsigned inner = 0; inner < 4; inner++)
        for (unsigned outer = 0; outer < 4; outer++) {
          World world({flags, 0});
          world.receive(world.seal(with_class(packets::udp(version, 10), static_cast<uint8_t>(0x48 | inner)), version == 4 ? 4 : 41),
                        static_cast<uint8_t>(0xb8 | outer));
          const auto packet = world.delivered();
          const bool ignores = flags == XFRM_STATE_NOECN;
          const bool is_conflict = !ignores && outer == kCe && inner == kNotEct;
          CHECK(packet.has_value() == !is_conflict);
          CHECK(world.dropped(Drop::EcnConflict) == (is_conflict ? 1 : 0));
          if (!packet) continue;
          const unsigned dscp = flags == XFRM_STATE_DECAP_DSCP ? 0xb8 : 0x48;
          const unsigned ecn = ignores ? inner : *decapsulated_ecn(static_cast<uint8_t>(inner), static_cast<uint8_t>(outer));
          CHECK(class_of(*packet) == (dscp | ecn));
        }
}

TEST(padding_for_traffic_flow_confidentiality_is_cut_off) {
  World world;
  for (const int version : {4, 6})
    for (const size_t extra : {1u, 100u, 1000u}) {
      const auto packet = packets::udp(version, 50);
      auto padded = packet;
      padded.resize(packet.size() + extra, 0xee);
      world.receive(world.seal(padded, version == 4 ? 4 : 41));
      CHECK(world.delivered() == packet);
    }
}

TEST(dummy_packets_are_dropped_and_move_the_window) {
  World world;
  const auto dummy = world.seal(std::vector<uint8_t>(200, 0x11), 59);
  world.receive(dummy);
  CHECK(!world.delivered() && world.dropped(Drop::DummyPacket) == 1);
  world.receive(dummy);
  CHECK(world.dropped(Drop::Replayed) == 1);
}

// What a peer sent comes to one receiver; what somebody repeats from elsewhere may come to another at the same time.
TEST(two_receivers_take_each_packet_once) {
  constexpr uint64_t kPackets = 2000;
  World world({0, 0, 4096});
  std::vector<std::vector<uint8_t>> sent;
  auto plain = packets::udp(4, 18);
  plain.insert(plain.end(), {0, 4});
  for (uint64_t i = 1; i <= kPackets; i++) {
    sent.emplace_back(plain.size() + world.sa->transform->overhead());
    CHECK(world.sa->transform->seal(kSpi, i, plain, sent.back().data()));
  }
  DropCounters drops[2];
  // Made before the threads start, as in xfrmd: captures count their producers then.
  Inbound inbounds[2] = {{world.tables, world.notices, drops[0], true}, {world.tables, world.notices, drops[1], true}};
  std::vector<std::jthread> receivers;
  for (Inbound& inbound : inbounds)
    receivers.emplace_back([&] {
      Inbound::Arrival arrival;
      arrival.from = world.here;
      arrival.to = world.there.address;
      for (auto bytes : sent) {
        inbound.handle_datagram(nullptr, bytes, arrival);
        inbound.flush();
      }
    });
  receivers.clear();
  const auto sum = [&](Drop cause) { return drops[0].get(static_cast<size_t>(cause)) + drops[1].get(static_cast<size_t>(cause)); };
  CHECK(sum(Drop::Replayed) == kPackets && world.sa->replay_drops.get() == kPackets && sum(Drop::IntegrityFailed) == 0);
  CHECK(world.sa->packets.get() == kPackets && world.tun->counters.received_packets.get() == kPackets);
  CHECK(world.sa->replay.top() == kPackets);
}

TEST(encapsulation_must_be_the_sas) {
  World world;
  const auto esp = world.seal(packets::udp(4, 10), 4);
  world.receive(esp, 0, true);
  CHECK(world.dropped(Drop::EncapsulationMismatch) == 1 && !world.delivered());
  world.receive(esp);
  CHECK(world.delivered().has_value());
}

TEST(packets_out_of_order_are_taken_within_the_window_once) {
  World world({0, 0, 64});
  std::vector<std::vector<uint8_t>> sent;
  for (int i = 0; i < 100; i++) {
    world.send(packets::udp(4, static_cast<size_t>(i)));
    sent.push_back(world.sealed()->bytes);
  }
  for (const int i : {20, 10, 0, 50, 30, 99}) {
    world.receive(sent[static_cast<size_t>(i)]);
    CHECK(world.delivered() == packets::udp(4, static_cast<size_t>(i)));
  }
  for (const int i : {36, 98}) {  // the ends of the window now: 64 numbers up to the hundredth
    world.receive(sent[static_cast<size_t>(i)]);
    CHECK(world.delivered().has_value());
  }
  for (const int i : {35, 50, 99}) world.receive(sent[static_cast<size_t>(i)]);  // behind it, and seen
  CHECK(!world.delivered() && world.dropped(Drop::Replayed) == 3 && world.sa->replay_drops.get() == 3);
}

TEST(damaged_and_shortened_packets_disturb_nothing) {
  World world;
  const auto packet = packets::udp(4, 40);
  world.sa->last_sent.store(5);  // so that no damaged bit makes number 0
  world.send(packet);
  const auto intact = world.sealed()->bytes;
  for (size_t size = 4; size < intact.size(); size++) world.receive({intact.begin(), intact.begin() + static_cast<std::ptrdiff_t>(size)});
  const uint64_t too_short = world.dropped(Drop::MalformedEsp), refused = world.dropped(Drop::IntegrityFailed);
  CHECK(too_short == world.sa->transform->overhead() && too_short + refused == intact.size() - 4);
  for (size_t i = 4; i < intact.size(); i++) {  // beyond the SPI, which would name another SA
    auto damaged = intact;
    damaged[i] ^= 1;
    world.receive(damaged);
  }
  CHECK(world.dropped(Drop::IntegrityFailed) == refused + intact.size() - 4 && !world.delivered());
  CHECK(world.sa->replay.top() == 0);  // what is not authentic moves no window
  world.receive(intact);
  CHECK(world.delivered() == packet && world.dropped(Drop::Replayed) == 0);
}

TEST(numbers_that_run_out_end_the_sa) {
  World world;
  world.sa->last_sent.store(kRekeySequence - 1);
  world.send(packets::udp(4, 10));
  CHECK(world.sealed() && world.notices.take().empty());
  world.send(packets::udp(4, 10));  // now a rekey is asked for, once
  world.send(packets::udp(4, 10));
  auto notices = world.notices.take();
  CHECK(notices.size() == 1 && !std::get<LimitNotice>(notices[0]).is_hard);
  CHECK(world.sealed() && world.sealed());
  world.sa->last_sent.store(kLastSequence - 1);
  world.send(packets::udp(4, 10));
  const auto last = world.sealed();
  CHECK(last && load32(&last->bytes[4]) == UINT32_MAX);
  for (int i = 0; i < 3; i++) world.send(packets::udp(4, 10));
  CHECK(!world.sealed() && world.dropped(Drop::SequenceOverflow) == 3);
  notices = world.notices.take();
  CHECK(notices.size() == 1 && std::get<LimitNotice>(notices[0]).is_hard);
  CHECK(world.sa->last_sent.load() == UINT32_MAX);
}

TEST(extended_numbers_go_on) {
  World world({XFRM_STATE_ESN, 0});
  world.sa->last_sent.store(UINT32_MAX);
  world.sa->replay.restore(UINT32_MAX);
  const auto packet = packets::udp(4, 10);
  world.send(packet);
  const auto esp = world.sealed();
  CHECK(esp && load32(&esp->bytes[4]) == 0);
  world.receive(esp->bytes);
  CHECK(world.delivered() == packet && world.sa->replay.top() == 0x1'0000'0000);
}

TEST(what_the_path_does_not_take_is_refused_with_the_right_mtu) {
  for (const uint32_t mtu : {1280u, 1399u, 1400u, 1401u, 1402u, 1403u, 1500u})
    for (const int version : {4, 6}) {
      World world;
      world.sa->set_path_mtu(mtu);
      const uint32_t fits = world.sa->largest_inner.load();
      const size_t headers = version == 4 ? 28 : 48;
      world.send(packets::udp(version, fits - headers));
      const auto esp = world.sealed();
      // The longest one fits, and one octet more would not: no slack is given away beyond the padding.
      CHECK(esp && esp->bytes.size() + 28 <= mtu && esp->bytes.size() + 28 + 4 > mtu);
      const bool is_forced = version == 6 && fits + 1 <= kIpv6MinimumMtu;
      world.send(packets::udp(version, fits + 1 - headers));
      CHECK(world.sealed().has_value() == is_forced);
      CHECK(world.dropped(Drop::PacketTooBig) == (is_forced ? 0 : 1));
      const auto answer = world.delivered();
      CHECK(answer.has_value() == !is_forced);
      if (!answer) continue;
      CHECK(version == 4 ? load16(&(*answer)[26]) == fits : load32(&(*answer)[44]) == std::max(fits, kIpv6MinimumMtu));
    }
}

TEST(what_may_be_fragmented_is_not_refused) {
  World world;
  world.sa->set_path_mtu(600);
  world.send(without_df(packets::udp(4, 1300)));
  CHECK(world.sealed() && !world.delivered() && world.dropped(Drop::PacketTooBig) == 0);
  World never({XFRM_STATE_NOPMTUDISC, 0});
  never.sa->set_path_mtu(600);
  for (const int version : {4, 6}) never.send(packets::udp(version, 1300));
  CHECK(never.sealed() && never.sealed() && never.dropped(Drop::PacketTooBig) == 0);
}

TEST(a_super_packet_is_refused_by_its_segments) {
  World world;
  world.sa->set_path_mtu(1400);
  // 1400 less 28 octets of IP and UDP, 32 of ESP and 2 of its trailer: segments of 1338 fit.
  VirtioHeader virtio{kVirtioNeedsChecksum, kVirtioGsoTcp4, 40, 1298, 20, 16};
  world.send(packets::tcp(4, 1, 12'980), virtio);
  CHECK(world.sealed() && world.dropped(Drop::PacketTooBig) == 0);
  while (world.sealed()) {
  }
  virtio.gso_size = 1299;
  world.send(packets::tcp(4, 1, 12'990), virtio);
  CHECK(!world.sealed() && world.dropped(Drop::PacketTooBig) == 1 && world.delivered().has_value());
}

TEST(a_path_mtu_is_believed_downwards_and_for_a_while) {
  PathMtus known;
  const Address v4 = Address::from_bytes(AF_INET, "\xc0\x00\x02\x01");
  const Address v6 = Address::from_bytes(AF_INET6, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01");
  CHECK(known.find(v4) == 0);
  CHECK(known.learn(v4, 1400, 0) && known.find(v4) == 1400);
  CHECK(!known.learn(v4, 1450, 10) && !known.learn(v4, 1400, 10) && known.find(v4) == 1400);
  CHECK(known.learn(v4, 68, 100) && known.find(v4) == PathMtus::kSmallestIpv4);
  CHECK(known.learn(v6, 68, 100) && known.find(v6) == PathMtus::kSmallestIpv6);
  CHECK(known.expire(100 + PathMtus::kSeconds - 1).empty());
  CHECK(known.expire(100 + PathMtus::kSeconds).size() == 2 && known.find(v4) == 0);
}

int main() { return gcm_libraries::run_with_each(); }
