/**
 * The engine without a TUN or a network, for tests: frames go in at one end of a socket pair, ESP comes out of a real UDP socket on
 * loopback, is handed to the inbound side of the same SA and must come out of the pair again.
 */
#pragma once
#include <sys/socket.h>

#include "check.h"
#include "engine/inbound.h"
#include "engine/outbound.h"
#include "packets.h"

namespace engine_world {

using namespace xfrmd;

inline constexpr uint32_t kIfId = 7;
inline const uint32_t kSpi = swap_if_little(uint32_t{0xc0000001});

/** A UDP socket on 127.0.0.1. */
inline Fd loopback_socket(Endpoint& local) {
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  local = {Address::from_bytes(AF_INET, "\x7f\x00\x00\x01"), 0};
  socklen_t length = local.to_sockaddr(storage);
  CHECK(::bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0);
  CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  local = Endpoint::from_sockaddr(storage);
  return fd;
}

struct Options {
  uint8_t flags = 0;
  uint32_t extra_flags = 0;
  uint32_t window = 64;
  const char* aead = "rfc4106(gcm(aes))";
  uint8_t mode = XFRM_MODE_TUNNEL;
};

struct Received {
  std::vector<uint8_t> bytes;
  uint8_t traffic_class = 0, hop_limit = 0;
};

struct World {
  Tables tables;
  Notices notices;
  DropCounters drops;
  Inbound inbound{tables, notices, drops};
  Outbound outbound{tables, notices, drops};
  Endpoint here, there;
  Fd peer, host;  // the far end of the path; the inner side of the TUN
  std::shared_ptr<Tun> tun;
  std::unique_ptr<Sa> sa;

  explicit World(Options options = {}) {
    Fd socket = loopback_socket(here);
    peer = loopback_socket(there);
    set_option(peer.get(), IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS");
    set_option(peer.get(), IPPROTO_IP, IP_RECVTTL, 1, "IP_RECVTTL");
    int channel[2], device[2];
    CHECK(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, channel) == 0);
    CHECK(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, device) == 0);
    const Fd near_channel(channel[0]), far_channel(channel[1]);
    auto sockets = std::make_shared<SocketList>();
    sockets->push_back(std::make_shared<UdpSocket>(1, std::move(socket), near_channel.get(), 1));
    tables.publish_sockets(std::move(sockets));
    host = Fd(device[0]);
    tun = std::make_shared<Tun>(kIfId, "t7", Fd(device[1]));
    tables.publish_tun(tun);
    add_sa(options);
    for (const uint8_t direction : {XFRM_POLICY_OUT, XFRM_POLICY_IN}) set_policy(direction, {});
  }

  /** The only one of its direction: packets of this selector, by the SA. */
  void set_policy(uint8_t direction, const xfrm_selector& selector) {
    auto policy = std::make_shared<Policy>();
    policy->if_id = kIfId;
    policy->direction = direction;
    policy->selector = Selector(selector);
    xfrm_user_tmpl wanted{};
    wanted.id.proto = IPPROTO_ESP;
    wanted.family = AF_INET;
    wanted.mode = sa->config.mode;
    policy->templates.push_back(wanted);
    policy->sa.store(sa.get());
    tables.publish_policies(kIfId, direction, std::make_shared<PolicyList>(PolicyList{policy}));
  }

  void add_sa(const Options& options) {
    TransformKeys keys;
    keys.encryption = find_aead(options.aead);
    keys.encryption_key = SecretBytes(std::vector<uint8_t>(20, 0x42));
    keys.icv_bytes = 16;
    Sa::Config config{{there.address, kSpi, IPPROTO_ESP}, kIfId, 1, options.flags, options.extra_flags, {}, options.window, options.mode};
    sa = std::make_unique<Sa>(std::move(config), OuterHeader{here, there}, Transform::make(std::move(keys), (options.flags & XFRM_STATE_ESN) != 0));
    tables.publish_sa(*sa);
  }

  void send(const std::vector<uint8_t>& packet, VirtioHeader virtio = {}) { send_all({packet}, virtio); }
  /** In one batch. */
  void send_all(const std::vector<std::vector<uint8_t>>& packets, VirtioHeader virtio = {}) {
    for (const auto& packet : packets) {
      std::vector<uint8_t> frame(sizeof virtio);
      std::memcpy(frame.data(), &virtio, sizeof virtio);
      frame.insert(frame.end(), packet.begin(), packet.end());
      CHECK(::send(host.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size()));
    }
    CHECK(outbound.drain(*tun));
    outbound.flush();
  }

  /** What arrived at the peer; nothing when nothing did. Loopback delivers within the sending call. */
  std::optional<Received> sealed() const {
    Received received;
    received.bytes.resize(65'536);
    alignas(cmsghdr) uint8_t control[64];
    iovec part{received.bytes.data(), received.bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(peer.get(), &header, MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    received.bytes.resize(static_cast<size_t>(size));
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item))
      if (item->cmsg_type == IP_TOS)
        received.traffic_class = *CMSG_DATA(item);
      else if (item->cmsg_type == IP_TTL)
        received.hop_limit = static_cast<uint8_t>(load_raw<int>(CMSG_DATA(item)));
    return received;
  }

  void receive(std::vector<uint8_t> bytes, uint8_t traffic_class = 0, bool is_raw = false, uint8_t hop_limit = kUsualHopLimit) {
    Inbound::Arrival arrival = from_here();
    arrival.traffic_class = traffic_class;
    arrival.is_raw = is_raw;
    arrival.hop_limit = hop_limit;
    inbound.handle_datagram(nullptr, bytes, arrival);
    inbound.flush();
  }

  Inbound::Arrival from_here() const {
    Inbound::Arrival arrival;
    arrival.from = here;
    arrival.to = there.address;
    return arrival;
  }

  /** The next packet that came out of the TUN. */
  std::optional<std::vector<uint8_t>> delivered() const {
    std::vector<uint8_t> frame(65'536 + sizeof(VirtioHeader));
    const ssize_t size = ::recv(host.get(), frame.data(), frame.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    return std::vector<uint8_t>(frame.begin() + sizeof(VirtioHeader), frame.begin() + size);
  }

  /** A packet of the peer: any plaintext with padding and next header as they should be. Number: the next, or as given. */
  std::vector<uint8_t> seal(std::vector<uint8_t> plain, uint8_t next_header, uint64_t number = 0) {
    const size_t block = sa->transform->block(), padding = (block - (plain.size() + 2) % block) % block;
    for (size_t i = 1; i <= padding; i++) plain.push_back(static_cast<uint8_t>(i));
    plain.push_back(static_cast<uint8_t>(padding));
    plain.push_back(next_header);
    std::vector<uint8_t> out(plain.size() + sa->transform->overhead());
    CHECK(sa->transform->seal(kSpi, number != 0 ? number : sa->replay.top() + 1, plain, out.data()));
    return out;
  }

  uint64_t dropped(Drop cause) const { return drops.get(static_cast<size_t>(cause)); }
};

}  // namespace engine_world
