/** Conversions of addresses; no name resolution. */
#include "net/address.h"

#include <arpa/inet.h>

namespace xfrmd {

Address Address::from_bytes(uint16_t family, const void* data) {
  Address address;
  address.family = family;
  std::memcpy(address.bytes.data(), data, address.size());
  return address;
}

xfrm_address_t Address::to_xfrm() const {
  xfrm_address_t out{};
  std::memcpy(&out, bytes.data(), size());
  return out;
}

std::string Address::text() const {
  char buffer[INET6_ADDRSTRLEN];
  if (family != AF_INET && family != AF_INET6) return "-";
  return inet_ntop(family, bytes.data(), buffer, sizeof buffer) == nullptr ? "-" : buffer;
}

Endpoint Endpoint::from_sockaddr(const sockaddr_storage& storage) {
  Endpoint endpoint;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    endpoint.address = Address::from_bytes(AF_INET, &v4.sin_addr);
    endpoint.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &storage, sizeof v6);
    endpoint.address = Address::from_bytes(AF_INET6, &v6.sin6_addr);
    endpoint.port = ntohs(v6.sin6_port);
  }
  return endpoint;
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const {
  if (address.family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    std::memcpy(&storage, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
  std::memcpy(&storage, &v6, sizeof v6);
  return sizeof v6;
}

std::string Endpoint::text() const {
  const std::string host = address.family == AF_INET6 ? "[" + address.text() + "]" : address.text();
  return host + ":" + std::to_string(port);
}

}  // namespace xfrmd
