/**
 * UDP 4500 through real sockets on loopback: datagrams sent as one UDP_SEGMENT burst arrive as one UDP_GRO batch with control
 * data, and are told apart into keep-alives, IKE and ESP. Every IKE packet must reach the daemon's channel as it was sent.
 * Needs CAP_NET_ADMIN (socket buffers), as xfrmd does; without it the datagrams are passed in one by one.
 */
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "../test/xfrm_requests.h"
#include "engine/inbound.h"
#include "handover.h"
#include "require.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

using namespace xfrmd;

namespace {

Fd loopback_socket(sockaddr_in& address) {
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = swap_if_little(uint32_t{INADDR_LOOPBACK});
  socklen_t length = sizeof address;
  REQUIRE(fd && ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return fd;
}

struct World {
  Tables tables;
  Notices notices;
  DropCounters drops;
  Inbound inbound{tables, notices, drops};
  Fd sender, daemon;
  sockaddr_in to{};
  std::unique_ptr<UdpSocket> socket;
  World() {
    silence_log();
    sockaddr_in from{};
    sender = loopback_socket(from);
    Fd receiver = loopback_socket(to);
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    daemon = Fd(pair[0]);
    const Fd channel(pair[1]);
    try {
      socket = std::make_unique<UdpSocket>(1, std::move(receiver), channel.get(), 1);
    } catch (const std::system_error&) {
      socket = nullptr;
    }
  }
};

bool is_ike(std::span<const uint8_t> bytes) {
  if (bytes.size() == 1 && bytes[0] == 0xff) return false;
  return bytes.size() < 4 || std::all_of(bytes.begin(), bytes.begin() + 4, [](uint8_t byte) { return byte == 0; });
}

void send_burst(const World& world, std::span<const uint8_t> bytes, uint16_t segment) {
  iovec part{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof segment)] = {};
  msghdr message{};
  sockaddr_in to = world.to;
  message.msg_name = &to;
  message.msg_namelen = sizeof to;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (bytes.size() > segment) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = IPPROTO_UDP;
    item->cmsg_type = UDP_SEGMENT;
    item->cmsg_len = CMSG_LEN(sizeof segment);
    std::memcpy(CMSG_DATA(item), &segment, sizeof segment);
  }
  REQUIRE(::sendmsg(world.sender.get(), &message, 0) == static_cast<ssize_t>(bytes.size()));
}

void expect_delivered(const World& world, std::deque<std::vector<uint8_t>> expected) {
  std::vector<uint8_t> buffer(sizeof(xfrmd_ike_header) + 65'536);
  for (;;) {
    const ssize_t size = ::recv(world.daemon.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) break;
    REQUIRE(static_cast<size_t>(size) >= sizeof(xfrmd_ike_header) && !expected.empty());
    const std::span<const uint8_t> datagram(buffer.data() + sizeof(xfrmd_ike_header), static_cast<size_t>(size) - sizeof(xfrmd_ike_header));
    REQUIRE(std::ranges::equal(datagram, expected.front()));
    expected.pop_front();
  }
  REQUIRE(expected.empty());
}

}  // namespace

/** Bursts: two bytes of length, one of segment size (times eight), the bytes. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* world = new World;
  std::deque<std::vector<uint8_t>> ike;
  constexpr size_t kMaxSegments = 64, kMaxIke = 32;  // the kernel's limit for one burst; the channel's queue is finite
  for (size_t at = 0; at + 3 <= size && ike.size() < kMaxIke;) {
    const uint16_t segment = static_cast<uint16_t>(8 * (data[at + 2] + 1));
    const size_t length = std::min({size_t{load16(data + at)}, size - at - 3, kMaxSegments * segment, size_t{60'000}});
    const std::span<const uint8_t> burst(data + at + 3, length);
    at += 3 + length;
    if (world->socket != nullptr && length > 0) send_burst(*world, burst, segment);
    for (size_t offset = 0; offset < length; offset += segment) {
      std::vector<uint8_t> bytes(burst.begin() + static_cast<long>(offset), burst.begin() + static_cast<long>(std::min<size_t>(offset + segment, length)));
      if (world->socket == nullptr) {
        world->inbound.handle_datagram(nullptr, bytes, {});
        world->inbound.flush();
      } else if (is_ike(bytes)) {
        ike.push_back(std::move(bytes));
      }
    }
    if (world->socket == nullptr) continue;
    world->inbound.receive(*world->socket);
    expect_delivered(*world, std::move(ike));
    ike.clear();
  }
  return 0;
}
