/** Headers of the answer, then as much of the offending packet as may be quoted (RFC 1812 §4.3.2.3: 576 bytes in all; RFC 4443: 1280). */
#include "net/too_big.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "net/checksum.h"

namespace xfrmd {
namespace {

constexpr size_t kIcmpHeader = 8, kMaxIpv4Answer = 576;
constexpr uint8_t kHopLimit = 64;
// Network control, as routers mark what they send themselves (RFC 1812 §4.3.2.5).
constexpr uint8_t kInternetworkControl = 0xc0;

bool is_icmp_error(const Packet& packet) {
  if (!packet.has_upper || packet.upper_length() < 1) return false;
  const uint8_t type = packet.data[packet.upper];
  if (packet.version == 6) return packet.protocol == IPPROTO_ICMPV6 && type < ICMP6_INFOMSG_MASK;
  return packet.protocol == IPPROTO_ICMP && (type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
                                             type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB);
}

/** One host: neither multicast nor broadcast, loopback or unspecified. */
bool is_unicast(const Packet& packet, const uint8_t* address) {
  static constexpr uint8_t none[15] = {};
  if (packet.version == 6) return address[0] != 0xff && (std::memcmp(address, none, 15) != 0 || address[15] > 1);
  return address[0] != 0 && address[0] != 127 && address[0] < 224;
}

bool may_answer(const Packet& packet) {
  const bool is_later_fragment = packet.is_fragment && !packet.has_upper;
  return !is_later_fragment && !is_icmp_error(packet) && is_unicast(packet, packet.source()) && is_unicast(packet, packet.destination());
}

size_t write_ipv4(const Packet& offending, uint32_t mtu, uint8_t* out) {
  const size_t quoted = std::min(offending.length, kMaxIpv4Answer - kIpv4Header - kIcmpHeader);
  const size_t length = kIpv4Header + kIcmpHeader + quoted;
  std::memset(out, 0, kIpv4Header + kIcmpHeader);
  out[0] = 0x45;
  out[1] = kInternetworkControl;
  store16(out + 2, static_cast<uint16_t>(length));
  out[8] = kHopLimit;
  out[9] = IPPROTO_ICMP;
  std::memcpy(out + 12, offending.destination(), 4);
  std::memcpy(out + 16, offending.source(), 4);
  store_ipv4_checksum(out, kIpv4Header);
  uint8_t* icmp = out + kIpv4Header;
  icmp[0] = ICMP_DEST_UNREACH;
  icmp[1] = ICMP_FRAG_NEEDED;
  store16(icmp + 6, static_cast<uint16_t>(std::min<uint32_t>(mtu, UINT16_MAX)));
  std::memcpy(icmp + kIcmpHeader, offending.data, quoted);
  store_raw(icmp + 2, static_cast<uint16_t>(~checksum_fold(checksum_add(icmp, kIcmpHeader + quoted, 0))));
  return length;
}

size_t write_ipv6(const Packet& offending, uint32_t mtu, uint8_t* out) {
  const size_t quoted = std::min<size_t>(offending.length, kIpv6MinimumMtu - kIpv6Header - kIcmpHeader);
  const size_t upper = kIcmpHeader + quoted;
  std::memset(out, 0, kIpv6Header + kIcmpHeader);
  out[0] = 0x60;
  store16(out + 4, static_cast<uint16_t>(upper));
  out[6] = IPPROTO_ICMPV6;
  out[7] = kHopLimit;
  std::memcpy(out + 8, offending.destination(), 16);
  std::memcpy(out + 24, offending.source(), 16);
  uint8_t* icmp = out + kIpv6Header;
  icmp[0] = ICMP6_PACKET_TOO_BIG;
  store32(icmp + 4, std::max(mtu, kIpv6MinimumMtu));
  std::memcpy(icmp + kIcmpHeader, offending.data, quoted);
  const uint64_t pseudo = pseudo_header_sum(out, IPPROTO_ICMPV6, upper);
  store_raw(icmp + 2, static_cast<uint16_t>(~checksum_fold(checksum_add(icmp, upper, pseudo))));
  return kIpv6Header + upper;
}

}  // namespace

size_t write_too_big(const Packet& offending, uint32_t mtu, TooBigAnswer& answer) {
  if (!may_answer(offending)) return 0;
  return offending.version == 4 ? write_ipv4(offending, mtu, answer.data()) : write_ipv6(offending, mtu, answer.data());
}

}  // namespace xfrmd
