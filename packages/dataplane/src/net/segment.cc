/** TCP and UDP segmentation as a network card does it. */
#include "net/segment.h"

#include <cstring>

#include "base/bytes.h"
#include "net/checksum.h"

namespace xfrmd {
namespace {

constexpr uint8_t kFin = 0x01, kPush = 0x08, kCongestionWindowReduced = 0x80;

bool type_fits(const Packet& packet, uint8_t type) {
  switch (type) {
    case kVirtioGsoTcp4: return packet.version == 4 && packet.protocol == IPPROTO_TCP;
    case kVirtioGsoTcp6: return packet.version == 6 && packet.protocol == IPPROTO_TCP;
    case kVirtioGsoUdp: return packet.protocol == IPPROTO_UDP;
    default: return false;
  }
}

}  // namespace

std::optional<Segmenter> Segmenter::make(const Packet& packet, const VirtioHeader& virtio) {
  const uint8_t type = virtio.gso_type & static_cast<uint8_t>(~kVirtioGsoEcn);
  if (!type_fits(packet, type) || packet.is_fragment || !packet.has_upper || virtio.gso_size == 0) return std::nullopt;
  Segmenter s;
  s.is_tcp_ = packet.protocol == IPPROTO_TCP;
  s.is_v4_ = packet.version == 4;
  s.upper_ = packet.upper;
  const size_t minimum = s.is_tcp_ ? 20 : 8;
  if (packet.upper_length() < minimum) return std::nullopt;
  const uint8_t* upper = packet.data + packet.upper;
  const size_t upper_header = s.is_tcp_ ? static_cast<size_t>(upper[12] >> 4) * 4 : 8;
  s.headers_ = packet.upper + upper_header;
  // A header that does not leave payload, or is longer than any real one (IPv6 extension headers), is not split.
  if (upper_header < minimum || s.headers_ >= packet.length || s.headers_ > sizeof s.header_copy_) return std::nullopt;
  s.base_ = packet.data;
  s.payload_ = packet.length - s.headers_;
  s.segment_ = virtio.gso_size;
  std::memcpy(s.header_copy_, packet.data, s.headers_);
  if (s.is_v4_) s.first_id_ = load16(packet.data + 4);
  if (s.is_tcp_) {
    s.first_sequence_ = load32(upper + 4);
    s.tcp_flags_ = upper[13];
  }
  store_raw<uint16_t>(s.header_copy_ + s.upper_ + (s.is_tcp_ ? 16 : 6), 0);
  return s;
}

void Segmenter::restore_tail() {
  if (tail_ != nullptr) std::memcpy(tail_, tail_copy_, kTailRoom);
  tail_ = nullptr;
}

std::optional<std::span<uint8_t>> Segmenter::next() {
  restore_tail();
  if (offset_ >= payload_) return std::nullopt;
  const size_t chunk = std::min(segment_, payload_ - offset_);
  uint8_t* at = base_ + offset_;
  write_headers(at, chunk);
  tail_ = at + headers_ + chunk;
  std::memcpy(tail_copy_, tail_, kTailRoom);
  offset_ += chunk;
  index_ += 1;
  return std::span<uint8_t>(at, headers_ + chunk);
}

void Segmenter::write_headers(uint8_t* at, size_t chunk) const {
  std::memcpy(at, header_copy_, headers_);
  const size_t length = headers_ + chunk;
  uint8_t* upper = at + upper_;
  if (is_v4_) {
    store16(at + 2, static_cast<uint16_t>(length));
    store16(at + 4, static_cast<uint16_t>(first_id_ + index_));
    store_ipv4_checksum(at, upper_);
  } else {
    store16(at + 4, static_cast<uint16_t>(length - 40));
  }
  if (is_tcp_) {
    store32(upper + 4, first_sequence_ + static_cast<uint32_t>(offset_));
    uint8_t flags = tcp_flags_;
    if (offset_ + chunk < payload_) flags &= static_cast<uint8_t>(~(kFin | kPush));
    if (index_ > 0) flags &= static_cast<uint8_t>(~kCongestionWindowReduced);
    upper[13] = flags;
  } else {
    store16(upper + 4, static_cast<uint16_t>(length - upper_));
  }
  const uint64_t pseudo = pseudo_header_sum(at, is_tcp_ ? IPPROTO_TCP : IPPROTO_UDP, length - upper_);
  auto sum = static_cast<uint16_t>(~checksum_fold(checksum_add(upper, length - upper_, pseudo)));
  if (sum == 0 && !is_tcp_) sum = 0xffff;  // zero means "no checksum" in UDP
  store_raw(upper + (is_tcp_ ? 16 : 6), sum);
}

bool complete_checksum(const Packet& packet, const VirtioHeader& virtio) {
  const size_t field = size_t{virtio.checksum_start} + virtio.checksum_offset;
  if (virtio.checksum_start >= packet.length || field + 2 > packet.length) return false;
  uint8_t* start = packet.data + virtio.checksum_start;
  auto sum = static_cast<uint16_t>(~checksum_fold(checksum_add(start, packet.length - virtio.checksum_start, 0)));
  if (sum == 0 && packet.protocol == IPPROTO_UDP) sum = 0xffff;
  store_raw(packet.data + field, sum);
  return true;
}

}  // namespace xfrmd
