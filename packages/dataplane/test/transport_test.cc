/** Transport mode: what of a packet goes into ESP, which header comes back, and what is refused. */
#include "engine/transport.h"

#include "engine_world.h"
#include "gcm_libraries.h"

using namespace xfrmd;
using namespace engine_world;

namespace {

constexpr uint32_t kLoopback = 0x7f000001;

/** A packet between the ends of the world's SA, which are one address, with all else as the engine restores it. */
std::vector<uint8_t> between_ends(std::vector<uint8_t> packet, uint8_t protocol, size_t checksum, uint32_t source = kLoopback) {
  store16(&packet[4], 0);
  store32(&packet[12], source);
  store32(&packet[16], kLoopback);
  store_ipv4_checksum(packet.data(), 20);
  packets::finish_upper(packet, 20, protocol, checksum);
  return packet;
}
std::vector<uint8_t> udp(size_t payload, uint32_t source = kLoopback) { return between_ends(packets::udp(4, payload), IPPROTO_UDP, 6, source); }
std::vector<uint8_t> tcp(uint32_t sequence, size_t payload, uint32_t source = kLoopback) {
  return between_ends(packets::tcp(4, sequence, payload), IPPROTO_TCP, 16, source);
}
std::vector<uint8_t> upper_of(const std::vector<uint8_t>& packet, size_t header = 20) { return {packet.begin() + static_cast<long>(header), packet.end()}; }

Options transport() {
  Options options;
  options.mode = XFRM_MODE_TRANSPORT;
  options.window = 4096;
  return options;
}

xfrm_selector protocol_alone(uint8_t protocol) {
  xfrm_selector selector{};
  selector.family = AF_INET;
  selector.proto = protocol;
  return selector;
}

}  // namespace

TEST(the_upper_layer_alone_goes_into_esp) {
  World world(transport());
  for (const auto& packet : {udp(333), tcp(1, 1000)}) {
    world.send(packet);
    const auto esp = world.sealed();
    const size_t plain = (packet.size() - 20 + 2 + 3) / 4 * 4;
    CHECK(esp && esp->bytes.size() == plain + world.sa->transform->overhead());
    world.receive(esp->bytes);
    CHECK(world.delivered() == packet);
  }
  CHECK(world.sa->packets.get() == 4);
}

TEST(markings_are_those_of_the_wire) {
  World world(transport());
  auto packet = udp(10);
  parse_packet(packet)->set_traffic_class(0xb9);
  world.send(packet);
  const auto esp = world.sealed();
  CHECK(esp && esp->traffic_class == 0xb9);
  world.receive(esp->bytes, 0xbb);  // a router on the way signalled congestion
  parse_packet(packet)->set_traffic_class(0xbb);
  CHECK(world.delivered() == packet);
}

// GTSM (RFC 5082) and traceroute: what a packet was sent with is what it arrives with, less the routers it passed.
TEST(the_hop_limit_is_the_packets_own) {
  World world(transport());
  const auto with_hop_limit = [](uint8_t value) {
    auto packet = udp(100);
    packet[8] = value;
    store_ipv4_checksum(packet.data(), 20);
    return packet;
  };
  // Of one length, flow and traffic class, and in one batch: only those of one hop limit share a message.
  std::vector<std::vector<uint8_t>> sent;
  for (const uint8_t value : {255, 255, 255, 1, 64, 64, 255}) sent.push_back(with_hop_limit(value));
  world.send_all(sent);
  for (const auto& packet : sent) {
    const auto esp = world.sealed();
    CHECK(esp && esp->hop_limit == packet[8]);
    if (!esp) continue;
    world.receive(esp->bytes, 0, false, esp->hop_limit);
    CHECK(world.delivered() == packet);
  }
  world.send(with_hop_limit(0));
  CHECK(!world.sealed() && world.dropped(Drop::MalformedFrame) == 1);
}

TEST(packets_of_different_hop_limits_are_not_merged) {
  World world(transport());
  std::vector<std::vector<uint8_t>> batch;
  for (const uint8_t hop_limit : {255, 254}) {
    auto arrival = world.from_here();
    arrival.hop_limit = hop_limit;
    batch.push_back(world.seal(upper_of(udp(100)), IPPROTO_UDP));
    world.inbound.handle_datagram(nullptr, batch.back(), arrival);
  }
  world.inbound.flush();
  for (const uint8_t hop_limit : {255, 254}) {
    const auto packet = world.delivered();
    CHECK(packet && (*packet)[8] == hop_limit && packet->size() == 128);
  }
}

// The outer header of tunnel mode is the host's own (RFC 4301 §5.1.2.1).
TEST(tunnels_leave_the_hop_limit_to_the_kernel) {
  World world;
  auto packet = packets::udp(4, 10);
  packet[8] = 200;
  store_ipv4_checksum(packet.data(), 20);
  world.send(packet);
  const auto esp = world.sealed();
  CHECK(esp && esp->hop_limit == kUsualHopLimit);
  world.receive(esp->bytes, 0, false, 33);
  CHECK(world.delivered() == packet);
}

TEST(super_packets_are_split_and_put_together_again) {
  World world(transport());
  const auto super = tcp(1, 12'980);
  world.send(super, VirtioHeader{kVirtioNeedsChecksum, kVirtioGsoTcp4, 40, 1298, 20, 16});
  int count = 0;
  std::vector<std::vector<uint8_t>> sent;
  while (auto esp = world.sealed()) sent.push_back(std::move(esp->bytes));
  for (auto& bytes : sent) {
    world.inbound.handle_datagram(nullptr, bytes, world.from_here());
    count += 1;
  }
  world.inbound.flush();
  CHECK(count == 10);
  const auto merged = world.delivered();
  CHECK(merged && merged->size() == super.size() && check::equal(std::span(*merged).subspan(40), std::span(super).subspan(40)));
  CHECK(!world.delivered());
}

// More than there is room for at once, and no two alike.
TEST(a_long_batch_stays_whole) {
  constexpr uint64_t kPackets = 40;
  World world(transport());
  std::vector<std::vector<uint8_t>> delivered;
  const auto collect = [&] {
    while (auto packet = world.delivered()) delivered.push_back(std::move(*packet));
  };
  for (uint64_t i = 1; i <= kPackets; i++) {  // longer and longer: none goes behind the one before
    auto esp = world.seal(upper_of(udp(20'000 + i)), IPPROTO_UDP, i);
    world.inbound.handle_datagram(nullptr, esp, world.from_here());
    collect();  // the pair of sockets has less room than the batch
  }
  world.inbound.flush();
  collect();
  CHECK(delivered.size() == kPackets);
  for (size_t i = 0; i < delivered.size(); i++) CHECK(delivered[i] == udp(20'001 + i));
}

TEST(checksums_are_made_anew_behind_udp) {
  constexpr uint32_t kBeforeNat = 0x0a010001;
  World world(transport());
  world.receive(world.seal(upper_of(udp(33, kBeforeNat)), IPPROTO_UDP));
  CHECK(world.delivered() == udp(33));
  world.receive(world.seal(upper_of(tcp(1, 100, kBeforeNat)), IPPROTO_TCP));
  CHECK(world.delivered() == tcp(1, 100));
  auto without = udp(33);
  without[26] = without[27] = 0;
  world.receive(world.seal(upper_of(without), IPPROTO_UDP));
  CHECK(world.delivered() == without);
  // What has none that covers addresses passes as it is.
  world.receive(world.seal(std::vector<uint8_t>(50, 0x11), IPPROTO_GRE));
  const auto gre = world.delivered();
  CHECK(gre && (*gre)[9] == IPPROTO_GRE && upper_of(*gre) == std::vector<uint8_t>(50, 0x11));
}

TEST(headers_and_checksums_of_ipv6) {
  const auto wanted = packets::udp(6, 33);
  const Address source = Address::from_bytes(AF_INET6, &wanted[8]), destination = Address::from_bytes(AF_INET6, &wanted[24]);
  for (const bool is_encapsulated : {false, true}) {
    std::vector<uint8_t> buffer(kTransportHeaderRoom);
    const auto upper = upper_of(wanted, 40);
    buffer.insert(buffer.end(), upper.begin(), upper.end());
    if (is_encapsulated) buffer[kTransportHeaderRoom + 6] ^= 0x5a;
    Drop cause{};
    const auto packet = restore_transport(buffer.data(), upper.size(), {source, destination, 0, 64, IPPROTO_UDP, is_encapsulated}, cause);
    CHECK(packet && check::equal({packet->data, packet->length}, wanted));
  }
  // A fragment, and an extension header: whole, but not what may be in ESP.
  for (const auto& [protocol, wrong] : {std::pair<uint8_t, Drop>{IPPROTO_FRAGMENT, Drop::TransportFragment},
                                        {IPPROTO_HOPOPTS, Drop::TransportOptions},
                                        {IPPROTO_ROUTING, Drop::TransportOptions}}) {
    std::vector<uint8_t> buffer(kTransportHeaderRoom + 16);
    buffer[kTransportHeaderRoom] = IPPROTO_UDP;
    Drop cause{};
    CHECK(!restore_transport(buffer.data(), 16, {source, destination, 0, 64, protocol, false}, cause) && cause == wrong);
  }
}

TEST(ipv6_destination_options_go_into_esp) {
  auto wanted = packets::udp(6, 33);
  const std::vector<uint8_t> options{IPPROTO_UDP, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  wanted[6] = IPPROTO_DSTOPTS;
  wanted.insert(wanted.begin() + 40, options.begin(), options.end());
  store16(&wanted[4], static_cast<uint16_t>(wanted.size() - 40));
  Drop cause{};
  const auto payload = transport_payload(*parse_packet(wanted), cause);
  CHECK(payload && payload->offset == 40 && payload->next_header == IPPROTO_DSTOPTS);
  const Address source = Address::from_bytes(AF_INET6, &wanted[8]), destination = Address::from_bytes(AF_INET6, &wanted[24]);
  for (const bool is_encapsulated : {false, true}) {
    std::vector<uint8_t> buffer(kTransportHeaderRoom);
    const auto upper = upper_of(wanted, 40);
    buffer.insert(buffer.end(), upper.begin(), upper.end());
    if (is_encapsulated) buffer[kTransportHeaderRoom + options.size() + 6] ^= 0x5a;  // the checksum is behind them
    const auto packet = restore_transport(buffer.data(), upper.size(), {source, destination, 0, 64, IPPROTO_DSTOPTS, is_encapsulated}, cause);
    CHECK(packet && packet->protocol == IPPROTO_UDP && check::equal({packet->data, packet->length}, wanted));
  }
  // Beside another header they stay in front of it, or behind it: either way not ours to move.
  for (const uint8_t other : {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS}) {
    auto both = wanted;
    both[6] = other;
    both.insert(both.begin() + 40, {IPPROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0});
    store16(&both[4], static_cast<uint16_t>(both.size() - 40));
    CHECK(!transport_payload(*parse_packet(both), cause) && cause == Drop::TransportOptions);
  }
  // Options that reach beyond the packet.
  std::vector<uint8_t> cut(kTransportHeaderRoom + 8);
  cut[kTransportHeaderRoom + 1] = 1;
  CHECK(!restore_transport(cut.data(), 8, {source, destination, 0, 64, IPPROTO_DSTOPTS, false}, cause) && cause == Drop::TransportOptions);
}

TEST(what_it_can_not_carry_is_refused) {
  World world(transport());
  auto fragment = udp(10);
  fragment[6] = 0x20;
  store_ipv4_checksum(fragment.data(), 20);
  world.send(fragment);
  CHECK(world.dropped(Drop::TransportFragment) == 1);
  auto optioned = udp(10);
  optioned.insert(optioned.begin() + 20, {1, 1, 1, 0});
  optioned[0] = 0x46;
  store16(&optioned[2], static_cast<uint16_t>(optioned.size()));
  store_ipv4_checksum(optioned.data(), 24);
  world.send(optioned);
  CHECK(world.dropped(Drop::TransportOptions) == 1);
  CHECK(!world.sealed() && world.notices.take().empty());
}

TEST(another_host_has_another_sa) {
  World world(transport());
  world.send(packets::udp(4, 10));
  CHECK(!world.sealed() && world.dropped(Drop::TransportAddress) == 1 && world.sa->packets.get() == 0);
  const auto notices = world.notices.take();
  CHECK(notices.size() == 1 && std::get<AcquireNotice>(notices[0]).flow.protocol == IPPROTO_UDP);
}

TEST(cut_short_layers_and_dummies_are_dropped) {
  World world(transport());
  world.receive(world.seal(std::vector<uint8_t>(7), IPPROTO_UDP));
  world.receive(world.seal(std::vector<uint8_t>(19), IPPROTO_TCP));
  auto lies = upper_of(udp(10));
  store16(&lies[4], 19);
  world.receive(world.seal(lies, IPPROTO_UDP));
  CHECK(world.dropped(Drop::MalformedInner) == 3);
  world.receive(world.seal(std::vector<uint8_t>(50), 59));
  CHECK(world.dropped(Drop::DummyPacket) == 1 && !world.delivered());
}

// A tunnel inside transport mode is the host's own business: it is not unwrapped here, and never taken for tunnel mode.
TEST(ip_in_ip_stays_what_it_is) {
  World world(transport());
  const auto inside = packets::udp(4, 10);
  world.receive(world.seal(inside, IPPROTO_IPIP));
  const auto packet = world.delivered();
  CHECK(packet && (*packet)[9] == IPPROTO_IPIP && load32(&(*packet)[12]) == kLoopback && upper_of(*packet) == inside);
}

TEST(a_peer_at_another_address_is_told_and_refused) {
  World world(transport());
  auto esp = world.seal(upper_of(udp(10)), IPPROTO_UDP);
  auto arrival = world.from_here();
  arrival.from.address = Address::from_bytes(AF_INET, "\x0a\x01\x00\x01");
  world.inbound.handle_datagram(nullptr, esp, arrival);
  world.inbound.flush();
  CHECK(!world.delivered() && world.dropped(Drop::TransportAddress) == 1);
  const auto notices = world.notices.take();
  CHECK(notices.size() == 1 && std::get<MappingNotice>(notices[0]).source == arrival.from);
}

TEST(every_packet_is_held_against_policy) {
  World world(transport());
  world.set_policy(XFRM_POLICY_IN, protocol_alone(IPPROTO_UDP));
  world.set_policy(XFRM_POLICY_OUT, protocol_alone(IPPROTO_UDP));
  uint64_t number = 0;
  std::vector<std::vector<uint8_t>> batch;
  for (int i = 0; i < 3; i++) {
    batch.push_back(world.seal(upper_of(udp(10)), IPPROTO_UDP, ++number));
    batch.push_back(world.seal(upper_of(tcp(1, 10)), IPPROTO_TCP, ++number));
  }
  for (auto& bytes : batch) world.inbound.handle_datagram(nullptr, bytes, world.from_here());
  world.inbound.flush();
  CHECK(world.dropped(Drop::InboundPolicy) == 3);
  const auto packet = world.delivered();  // three datagrams of a flow, merged
  CHECK(packet && (*packet)[9] == IPPROTO_UDP && packet->size() == 28 + 3 * 10 && !world.delivered());
  world.send(tcp(1, 10));
  CHECK(!world.sealed() && world.dropped(Drop::NoPolicy) == 1);
  world.send(udp(10));
  CHECK(world.sealed().has_value());
}

TEST(an_sa_of_one_mode_is_none_of_the_other) {
  World world(transport());
  const Policy& asked = *world.tables.find_interface(kIfId)->in.load()->front();
  CHECK(asked.accepts(*world.sa));
  Policy tunnel;
  tunnel.if_id = kIfId;
  tunnel.templates = asked.templates;
  tunnel.templates.front().mode = XFRM_MODE_TUNNEL;
  CHECK(!tunnel.accepts(*world.sa));
}

TEST(the_path_mtu_counts_one_header) {
  for (const uint32_t mtu : {1280u, 1399u, 1400u, 1401u, 1402u, 1403u, 1500u}) {
    World world(transport());
    world.sa->set_path_mtu(mtu);
    const uint32_t fits = world.sa->largest_inner.load();
    world.send(udp(fits - 28));
    const auto esp = world.sealed();
    CHECK(esp && esp->bytes.size() + 28 <= mtu && esp->bytes.size() + 28 + 4 > mtu);
    world.send(udp(fits + 1 - 28));
    CHECK(!world.sealed() && world.dropped(Drop::PacketTooBig) == 1 && !world.delivered());  // nobody is told at a loopback address
  }
}

int main() { return gcm_libraries::run_with_each(); }
