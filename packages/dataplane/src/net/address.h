/** IPv4/IPv6 addresses and UDP endpoints as plain values; the XFRM uapi's xfrm_address_t in and out. */
#pragma once
#include "xfrm/uapi.h"
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace xfrmd {

struct Address {
  uint16_t family = AF_UNSPEC;
  std::array<uint8_t, 16> bytes{};  // IPv4 in the first four, the rest zero

  bool operator==(const Address&) const = default;
  size_t size() const { return family == AF_INET ? 4 : 16; }
  bool is_any() const { return bytes == std::array<uint8_t, 16>{}; }

  static Address from_bytes(uint16_t family, const void* data);
  static Address from_xfrm(uint16_t family, const xfrm_address_t& address) { return from_bytes(family, &address); }
  xfrm_address_t to_xfrm() const;
  std::string text() const;
};

/** Port in host order. */
struct Endpoint {
  Address address;
  uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
  static Endpoint from_sockaddr(const sockaddr_storage& storage);
  /** Returns the length used. */
  socklen_t to_sockaddr(sockaddr_storage& storage) const;
  std::string text() const;
};

}  // namespace xfrmd
