/** Header parsing on malformed input, checksums, MSS clamp, ECN. */
#include "check.h"
#include "net/ecn.h"
#include "net/too_big.h"
#include "net/mss.h"
#include "packets.h"

using namespace xfrmd;

namespace {

bool upper_checksum_is_right(const std::vector<uint8_t>& packet, size_t upper, uint8_t protocol) {
  const size_t length = packet.size() - upper;
  return checksum_fold(checksum_add(&packet[upper], length, pseudo_header_sum(packet.data(), protocol, length))) == 0xffff;
}

}  // namespace

TEST(checksum_of_rfc1071_example) {
  const auto bytes = check::hex("0001 f203 f4f5 f6f7");
  CHECK(swap_if_little(checksum_fold(checksum_add(bytes.data(), bytes.size(), 0))) == 0xddf2);
}

TEST(checksum_of_odd_lengths) {
  std::vector<uint8_t> bytes(1501);
  for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(i * 31);
  for (const size_t length : {0u, 1u, 2u, 3u, 5u, 63u, 1499u, 1501u}) {
    uint64_t expected = 0;
    for (size_t i = 0; i < length; i++) expected += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
    while (expected >> 16) expected = (expected & 0xffff) + (expected >> 16);
    const uint16_t got = swap_if_little(checksum_fold(checksum_add(bytes.data(), length, 0)));
    CHECK(got == expected);
  }
}

TEST(parses_good_packets) {
  for (const int version : {4, 6}) {
    auto bytes = packets::tcp(version, 1, 100);
    bytes.resize(bytes.size() + 50);  // padding behind the packet is cut off
    const auto packet = parse_packet(bytes);
    CHECK(packet && packet->version == version && packet->length == bytes.size() - 50 && packet->protocol == IPPROTO_TCP);
    CHECK(packet && packet->has_upper && !packet->is_fragment && packet->upper == (version == 4 ? 20u : 40u));
  }
}

TEST(refuses_every_truncation) {
  for (const int version : {4, 6}) {
    const auto whole = packets::udp(version, 40);
    for (size_t size = 0; size < whole.size(); size++) {
      std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<long>(size));
      CHECK(!parse_packet(cut));
    }
  }
}

TEST(refuses_bad_header_lengths) {
  auto bytes = packets::udp(4, 40);
  bytes[0] = 0x44;
  CHECK(!parse_packet(bytes));
  bytes[0] = 0x4f;
  CHECK(parse_packet(bytes).has_value());  // 60 bytes of header fit
  store16(&bytes[2], 50);
  CHECK(!parse_packet(bytes));
  bytes[0] = 0x35;
  CHECK(!parse_packet(bytes));
}

TEST(walks_ipv6_extension_headers) {
  auto bytes = packets::ip_header(6, IPPROTO_HOPOPTS, 8 + 8 + 20);
  const auto extension = [&](uint8_t next) {
    bytes.push_back(next);
    for (int i = 0; i < 7; i++) bytes.push_back(0);
  };
  extension(IPPROTO_FRAGMENT);
  extension(IPPROTO_TCP);
  bytes.resize(bytes.size() + 20);
  auto packet = parse_packet(bytes);
  CHECK(packet && packet->protocol == IPPROTO_TCP && packet->upper == 56 && packet->is_fragment && packet->has_upper);
  store16(&bytes[50], 0x0100);  // a later fragment
  packet = parse_packet(bytes);
  CHECK(packet && packet->is_fragment && !packet->has_upper);
  bytes[41] = 200;  // longer than the packet
  packet = parse_packet(bytes);
  CHECK(packet && !packet->has_upper);
}

TEST(clamps_mss_and_keeps_the_checksum) {
  for (const int version : {4, 6})
    for (const std::vector<uint8_t>& options : {check::hex("020405b4"), check::hex("01020405b4010101")}) {  // even and odd offsets
      auto bytes = packets::tcp(version, 1, 0, 0x02, options);
      auto packet = parse_packet(bytes);
      CHECK(packet && clamp_mss(*packet, 1200, false));
      CHECK(upper_checksum_is_right(bytes, packet->upper, IPPROTO_TCP));
      CHECK(!clamp_mss(*packet, 1300, false));  // never raised
      const auto again = bytes;
      clamp_mss(*packet, 0, false);
      CHECK(again == bytes);
    }
}

TEST(leaves_broken_options_alone) {
  for (const char* options : {"02000000", "0204ffff"}) {
    auto bytes = packets::tcp(4, 1, 0, 0x02, check::hex(options));
    if (bytes[41] == 4) bytes[32] = 0x50;  // header ends before the option
    auto packet = parse_packet(bytes);
    const auto before = bytes;
    CHECK(packet && !clamp_mss(*packet, 1000, false));
    CHECK(before == bytes);
  }
}

TEST(outer_traffic_class_follows_the_settings) {
  CHECK(outer_traffic_class(0xb9, true, true) == 0xb9);
  CHECK(outer_traffic_class(0xb9, false, true) == 0x01);
  CHECK(outer_traffic_class(0xb9, true, false) == 0xb8);
  CHECK(outer_traffic_class(0xff, false, false) == 0);
  for (unsigned inner = 0; inner < 256; inner++) CHECK(outer_traffic_class(static_cast<uint8_t>(inner), true, true) == inner);
}

// RFC 6040 figure 4, whole: rows are the arriving inner field, columns the outer one in the order Not-ECT, ECT(0), ECT(1), CE.
TEST(decapsulated_ecn_as_rfc6040_figure_4) {
  constexpr uint8_t outer[] = {kNotEct, kEct0, kEct1, kCe};
  constexpr int kDrop = -1;
  const struct {
    uint8_t inner;
    int expected[4];
  } rows[] = {
      {kNotEct, {kNotEct, kNotEct, kNotEct, kDrop}},
      {kEct0, {kEct0, kEct0, kEct1, kCe}},
      {kEct1, {kEct1, kEct1, kEct1, kCe}},
      {kCe, {kCe, kCe, kCe, kCe}},
  };
  for (const auto& row : rows)
    for (size_t i = 0; i < 4; i++) {
      const auto result = decapsulated_ecn(row.inner, outer[i]);
      CHECK((result ? *result : kDrop) == row.expected[i]);
    }
}

namespace {

/** Where the quoted packet starts in the answer; checks what all answers have in common. */
std::span<const uint8_t> checked_quote(const TooBigAnswer& answer, size_t size, const Packet& offending) {
  std::vector<uint8_t> bytes(answer.begin(), answer.begin() + static_cast<long>(size));
  const auto packet = parse_packet(bytes);
  CHECK(packet && packet->length == size && packet->version == offending.version);
  if (!packet) return {};
  const size_t address = packet->version == 4 ? 4 : 16;
  CHECK(std::memcmp(packet->destination(), offending.source(), address) == 0);
  CHECK(std::memcmp(packet->source(), offending.destination(), address) == 0);
  if (packet->version == 4) {
    CHECK(checksum_fold(checksum_add(bytes.data(), 20, 0)) == 0xffff);
    CHECK(checksum_fold(checksum_add(bytes.data() + 20, size - 20, 0)) == 0xffff);
  } else {
    CHECK(upper_checksum_is_right(bytes, 40, IPPROTO_ICMPV6));
  }
  return std::span(answer).subspan(packet->upper + 8, size - packet->upper - 8);
}

}  // namespace

TEST(too_big_is_answered_with_the_mtu_and_a_quote) {
  for (const int version : {4, 6})
    for (const size_t payload : {size_t{10}, size_t{1400}}) {
      auto bytes = packets::tcp(version, 7, payload);
      const auto packet = parse_packet(bytes);
      TooBigAnswer answer;
      const size_t size = write_too_big(*packet, 1300, answer);
      const auto quote = checked_quote(answer, size, *packet);
      CHECK(check::equal(quote, std::span(bytes).first(quote.size())));
      CHECK(quote.size() == bytes.size() || size == (version == 4 ? 576u : 1280u));
      if (version == 4) {
        CHECK(answer[20] == 3 && answer[21] == 4 && load16(&answer[26]) == 1300);
      } else {
        CHECK(answer[40] == 2 && answer[41] == 0 && load32(&answer[44]) == 1300);
      }
    }
}

TEST(too_big_never_reports_less_than_ipv6_needs) {
  auto bytes = packets::udp(6, 1300);
  TooBigAnswer answer;
  CHECK(write_too_big(*parse_packet(bytes), 900, answer) > 0);
  CHECK(load32(&answer[44]) == 1280);
}

TEST(no_answer_where_the_rfcs_forbid_one) {
  TooBigAnswer answer;
  const auto is_answered = [&](std::vector<uint8_t> bytes) { return write_too_big(*parse_packet(bytes), 1000, answer) > 0; };
  CHECK(is_answered(packets::udp(4, 1400)) && is_answered(packets::udp(6, 1400)));
  auto bytes = packets::udp(4, 1400);
  store16(&bytes[6], 100);  // a later fragment
  CHECK(!is_answered(bytes));
  store16(&bytes[6], 0x2000);  // the first one
  CHECK(is_answered(bytes));
  for (const uint32_t address : {0xe0000001u, 0xffffffffu, 0x00000000u, 0x7f000001u})
    for (const size_t field : {12u, 16u}) {
      bytes = packets::udp(4, 1400);
      store32(&bytes[field], address);
      CHECK(!is_answered(bytes));
    }
  bytes = packets::udp(6, 1400);
  bytes[24] = 0xff;
  CHECK(!is_answered(bytes));
  bytes = packets::udp(6, 1400);
  std::fill_n(bytes.begin() + 8, 16, uint8_t{0});
  CHECK(!is_answered(bytes));
  for (const uint8_t type : {3, 4, 5, 11, 12}) {
    bytes = packets::ip_header(4, IPPROTO_ICMP, 1400);
    bytes.resize(1420);
    bytes[20] = type;
    CHECK(!is_answered(bytes));
  }
  bytes[20] = 8;  // an echo request is no error
  CHECK(is_answered(bytes));
  bytes = packets::ip_header(6, IPPROTO_ICMPV6, 1400);
  bytes.resize(1440);
  bytes[40] = 1;
  CHECK(!is_answered(bytes));
  bytes[40] = 128;
  CHECK(is_answered(bytes));
}

TEST(traffic_class_is_set_with_its_checksum) {
  for (const int version : {4, 6}) {
    auto bytes = packets::udp(version, 10);
    auto packet = parse_packet(bytes);
    packet->set_traffic_class(0xbb);
    CHECK(packet->traffic_class() == 0xbb);
    if (version == 4) CHECK(checksum_fold(checksum_add(bytes.data(), 20, 0)) == 0xffff);
    CHECK(parse_packet(bytes).has_value());
  }
}

RUN_TESTS
