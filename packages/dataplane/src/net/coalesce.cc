/** Merge rules after the kernel's tcp_gro_receive/udp_gro_receive; header rewrite as virtio-net wants it. */
#include "net/coalesce.h"

#include <cstring>

#include "base/bytes.h"
#include "net/checksum.h"

namespace xfrmd {
namespace {

constexpr uint8_t kPush = 0x08, kAck = 0x10;

bool has_valid_checksum(const Packet& packet) {
  const uint64_t pseudo = pseudo_header_sum(packet.data, packet.protocol, packet.upper_length());
  return checksum_fold(checksum_add(packet.data + packet.upper, packet.upper_length(), pseudo)) == 0xffff;
}

bool same_ip_header(const Packet& a, const Packet& b, size_t merged) {
  if (a.version == 6) return std::memcmp(a.data, b.data, 4) == 0 && a.data[7] == b.data[7];
  const bool same_fields = a.data[1] == b.data[1] && a.data[8] == b.data[8] && a.data[6] == b.data[6];
  const bool dont_fragment = (a.data[6] & 0x40) != 0;
  // Without DF the identification matters to reassembly: it must count up as segmentation will make it count.
  return same_fields && (dont_fragment || load16(b.data + 4) == static_cast<uint16_t>(load16(a.data + 4) + merged));
}

}  // namespace

/** Length of all headers when the packet may start or join a super-packet, otherwise 0. */
size_t Coalescer::mergeable_headers(const Packet& packet, bool merges_udp) {
  if (packet.is_fragment || !packet.has_upper || packet.upper != (packet.version == 4 ? 20u : 40u)) return 0;
  const uint8_t* upper = packet.data + packet.upper;
  size_t headers = 0;
  if (packet.protocol == IPPROTO_TCP) {
    if (packet.upper_length() < 20) return 0;
    const size_t size = static_cast<size_t>(upper[12] >> 4) * 4;
    if (size < 20 || (upper[13] & ~kPush) != kAck) return 0;
    headers = packet.upper + size;
  } else if (packet.protocol == IPPROTO_UDP && merges_udp) {
    if (packet.upper_length() < 8 || load_raw<uint16_t>(upper + 6) == 0 || load16(upper + 4) != packet.upper_length()) return 0;
    headers = packet.upper + 8;
  } else {
    return 0;
  }
  return headers < packet.length && has_valid_checksum(packet) ? headers : 0;
}

/** Of what same_flow() compares. */
uint32_t Coalescer::hash(const void* device, const Packet& packet) {
  const size_t tail = packet.version == 4 ? 0 : 12;
  uint64_t mixed = reinterpret_cast<uintptr_t>(device) ^ load_raw<uint32_t>(packet.source() + tail);
  mixed = (mixed ^ uint64_t{load_raw<uint32_t>(packet.destination() + tail)} << 32) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ load_raw<uint32_t>(packet.data + packet.upper) ^ packet.protocol) * 0x9e3779b97f4a7c15;
  return static_cast<uint32_t>(mixed >> 32);
}

bool Coalescer::same_flow(const Flow& flow, void* device, const Packet& packet) {
  const Packet& first = flow.first;
  return flow.device == device && first.version == packet.version && first.protocol == packet.protocol &&
         std::memcmp(first.source(), packet.source(), packet.version == 4 ? 8 : 32) == 0 &&
         std::memcmp(first.data + first.upper, packet.data + packet.upper, 4) == 0;
}

bool Coalescer::continues(const Flow& flow, const Packet& packet, size_t headers) {
  const size_t payload = packet.length - headers;
  if (flow.is_closed || headers != flow.headers || payload > flow.segment || flow.length + payload > kMaxBytes || flow.count >= kMaxPackets)
    return false;
  if (!same_ip_header(flow.first, packet, flow.count)) return false;
  if (packet.protocol == IPPROTO_UDP) return true;
  const uint8_t* before = flow.first.data + flow.first.upper;
  const uint8_t* now = packet.data + packet.upper;
  // Byte 12 too: beside the header length it holds the Accurate ECN bit.
  return load32(now + 4) == flow.next_sequence && std::memcmp(now + 8, before + 8, 5) == 0 && std::memcmp(now + 14, before + 14, 2) == 0 &&
         std::memcmp(now + 18, before + 18, headers - packet.upper - 18) == 0;
}

void Coalescer::append(Flow& flow, const Packet& packet, size_t headers) {
  const size_t payload = packet.length - headers;
  flow.put(packet.data + headers, payload);
  flow.length += payload;
  flow.count += 1;
  flow.next_sequence += static_cast<uint32_t>(payload);
  if (payload < flow.segment) flow.is_closed = true;
  if (packet.protocol == IPPROTO_TCP && (packet.data[packet.upper + 13] & kPush) != 0) {
    flow.first.data[flow.first.upper + 13] |= kPush;
    flow.is_closed = true;
  }
}

void Coalescer::start(Flow& flow, void* device, const Packet& packet, size_t headers) {
  flow.device = device;
  flow.first = packet;
  flow.headers = headers;
  flow.segment = packet.length - headers;
  flow.length = packet.length;
  flow.count = 1;
  flow.is_closed = false;
  if (packet.protocol == IPPROTO_TCP) {
    const uint8_t* tcp = packet.data + packet.upper;
    flow.next_sequence = load32(tcp + 4) + static_cast<uint32_t>(flow.segment);
    flow.is_closed = (tcp[13] & kPush) != 0;
  }
  flow.used_parts = 0;
  flow.put(&flow.virtio, sizeof flow.virtio);
  flow.put(packet.data, packet.length);
}

void Coalescer::add(void* device, const Packet& packet, bool merges_udp) {
  if (!packet.has_upper || packet.upper_length() < 4) return emit_single(device, packet);
  const size_t headers = mergeable_headers(packet, merges_udp);
  const uint32_t sought = hash(device, packet);
  for (size_t i = 0; i < used_; i++) {
    if (hashes_[i] != sought) continue;
    Flow& flow = flows_[i];
    if (!same_flow(flow, device, packet)) continue;
    if (headers != 0 && continues(flow, packet, headers)) return append(flow, packet, headers);
    emit(flow);
    if (headers != 0) return start(flow, device, packet, headers);
    used_ -= 1;
    std::swap(flow, flows_[used_]);
    hashes_[i] = hashes_[used_];
    return emit_single(device, packet);
  }
  if (headers == 0) return emit_single(device, packet);
  if (used_ == kMaxFlows) flush();
  hashes_[used_] = sought;
  start(flows_[used_++], device, packet, headers);
}

void Coalescer::flush() {
  for (size_t i = 0; i < used_; i++) emit(flows_[i]);
  used_ = 0;
}

void Coalescer::emit_single(void* device, const Packet& packet) {
  VirtioHeader none;
  const iovec parts[] = {{&none, sizeof none}, {packet.data, packet.length}};
  sink_.write_frame(device, parts);
}

void Coalescer::emit(Flow& flow) {
  flow.virtio = {};
  if (flow.count > 1) {
    uint8_t* ip = flow.first.data;
    uint8_t* upper = ip + flow.first.upper;
    const size_t upper_length = flow.length - flow.first.upper;
    const bool is_tcp = flow.first.protocol == IPPROTO_TCP;
    if (flow.first.version == 4) {
      store16(ip + 2, static_cast<uint16_t>(flow.length));
      store_ipv4_checksum(ip, flow.first.upper);
    } else {
      store16(ip + 4, static_cast<uint16_t>(upper_length));
    }
    if (!is_tcp) store16(upper + 4, static_cast<uint16_t>(upper_length));
    // The device adds the payload's sum to this pseudo-header sum.
    store_raw(upper + (is_tcp ? 16 : 6), checksum_fold(pseudo_header_sum(ip, flow.first.protocol, upper_length)));
    flow.virtio.flags = kVirtioNeedsChecksum;
    flow.virtio.gso_type = is_tcp ? (flow.first.version == 4 ? kVirtioGsoTcp4 : kVirtioGsoTcp6) : kVirtioGsoUdp;
    flow.virtio.header_length = static_cast<uint16_t>(flow.headers);
    flow.virtio.gso_size = static_cast<uint16_t>(flow.segment);
    flow.virtio.checksum_start = static_cast<uint16_t>(flow.first.upper);
    flow.virtio.checksum_offset = is_tcp ? 16 : 6;
  }
  flow.parts[0].iov_base = &flow.virtio;  // flows change places
  sink_.write_frame(flow.device, std::span(flow.parts).first(flow.used_parts));
}

}  // namespace xfrmd
