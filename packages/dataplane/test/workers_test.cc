/** How packet threads share the work: peers are spread over those that receive, none of what arrives is left lying. */
#include <sys/socket.h>

#include <thread>

#include "base/log.h"
#include "check.h"
#include "engine/data_plane.h"

using namespace xfrmd;

namespace {

constexpr int kPeers = 64;

struct Bound {
  Fd fd;
  Endpoint local;
};

Bound bind_loopback(uint16_t family) {
  static constexpr uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  Bound bound{Fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)), {}};
  sockaddr_storage storage{};
  socklen_t length = Endpoint{family == AF_INET ? Address::from_bytes(AF_INET, v4) : Address::from_bytes(AF_INET6, v6), 0}.to_sockaddr(storage);
  CHECK(::bind(bound.fd.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0);
  CHECK(::getsockname(bound.fd.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  bound.local = Endpoint::from_sockaddr(storage);
  return bound;
}

/** Packets of an SA that nobody knows, one from each of many peers. */
void send_from_many(const Endpoint& to) {
  sockaddr_storage storage{};
  const socklen_t length = to.to_sockaddr(storage);
  const std::vector<uint8_t> packet(60, 0x77);
  for (int i = 0; i < kPeers; i++) {
    const Fd peer(::socket(to.address.family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    CHECK(::sendto(peer.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&storage), length) == static_cast<ssize_t>(packet.size()));
  }
}

/** Whether so many arrive; what is lost would be waited for, so there is an end. */
bool arrive(const DataPlane& plane, uint64_t expected) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (plane.drops(static_cast<size_t>(Drop::UnknownSpi)) < expected && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return plane.drops(static_cast<size_t>(Drop::UnknownSpi)) == expected;
}

}  // namespace

TEST(peers_are_spread_over_the_workers_that_receive) {
  silence_log();
  for (const size_t workers : {1u, 2u, 3u, 4u, 7u}) {
    DataPlane plane(workers);
    plane.start([] {});
    CHECK(plane.receiving_workers() == std::max<size_t>(workers / 2, 1));
    int channel[2];
    CHECK(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, channel) == 0);
    const Fd near(channel[0]), far(channel[1]);
    Bound bound = bind_loopback(AF_INET);
    const uint32_t id = plane.add_socket(std::move(bound.fd), near.get(), 1).id;
    send_from_many(bound.local);
    CHECK(arrive(plane, kPeers));
    for (size_t i = 0; i < workers; i++) CHECK((plane.drops_of(i, Drop::UnknownSpi) > 0) == (i < plane.receiving_workers()));
    // IPv6: the kernel may give all of it to one socket, but nothing is lost.
    Bound bound6 = bind_loopback(AF_INET6);
    plane.add_socket(std::move(bound6.fd), near.get(), 1);
    send_from_many(bound6.local);
    CHECK(arrive(plane, 2 * kPeers));
    plane.remove_socket(id);
    while (plane.collect()) {
    }
    send_from_many(bound6.local);
    CHECK(arrive(plane, 3 * kPeers));
  }
}

RUN_TESTS
