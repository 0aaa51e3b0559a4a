/** Outbound processing of RFC 4303 §3.3. */
#include "engine/outbound.h"

#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "base/clock.h"
#include "engine/limits.h"
#include "net/ecn.h"
#include "net/mss.h"
#include "net/too_big.h"

namespace xfrmd {
namespace {

// The kernel waits xfrm_acq_expires for an SA before it asks again; charon ignores repeats, so asking sooner heals a lost one.
constexpr uint64_t kAcquireAgainSeconds = 5;

uint8_t next_header(uint8_t version) { return version == 4 ? IPPROTO_IPIP : IPPROTO_IPV6; }

/** RFC 4301 §8.1: the outer DF follows the inner one, or is clear where the SA says so (XFRM_STATE_NOPMTUDISC, "copy_df = no"). */
bool may_fragment(const Sa& sa, const Packet& packet) {
  if ((sa.config.flags & XFRM_STATE_NOPMTUDISC) != 0) return true;
  return packet.version == 4 && (packet.data[6] & 0x40) == 0;
}

}  // namespace

Outbound::Outbound(const Tables& tables, Notices& notices, DropCounters& drops)
    : tables_(tables), notices_(notices), drops_(drops), batch_(tables, drops), tap_(tables.captures()),
      frame_(std::make_unique_for_overwrite<uint8_t[]>(kFrameBytes + kTailRoom)) {}

bool Outbound::drain(Tun& tun) {
  const Interface* interface = tables_.find_interface(tun.if_id);
  tap_.look();
  for (int i = 0; i < kFramesPerTurn; i++) {
    const ssize_t size = ::read(tun.fd(), frame_.get(), kFrameBytes);
    if (size < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;  // anything else: the link was deleted under us
    }
    if (interface != nullptr) handle(tun, *interface, static_cast<size_t>(size));
  }
  return true;
}

Sa* Outbound::select_sa(Tun& tun, const Interface& interface, const Packet& packet) {
  const FlowKey flow = FlowKey::of(packet);
  Policy* policy = find_policy(interface.out.load(std::memory_order_acquire), flow);
  if (policy != nullptr && policy->blocks) {
    drops_.count(Drop::PolicyBlock);
    return nullptr;
  }
  if (policy == nullptr || policy->templates.empty()) {
    drops_.count(Drop::NoPolicy);  // a policy without template asks for clear text: a tunnel never sends that
    return nullptr;
  }
  Sa* sa = policy->sa.load(std::memory_order_acquire);
  // In transport mode the SA to one host is none to another, whatever else the policy covers.
  if (sa != nullptr && (!sa->is_transport() || is_between_ends(*sa->outer.load(std::memory_order_acquire), packet))) [[likely]] {
    policy->use.touch();
    return sa;
  }
  drops_.count(sa == nullptr ? Drop::NoSa : Drop::TransportAddress);
  const uint64_t now = steady_seconds();
  uint64_t again_at = policy->acquire_again_at.load(std::memory_order_relaxed);
  if (now >= again_at && policy->acquire_again_at.compare_exchange_strong(again_at, now + kAcquireAgainSeconds))
    notices_.post(AcquireNotice{tun.if_id, policy->index, flow});
  return nullptr;
}

void Outbound::handle(Tun& tun, const Interface& interface, size_t frame_bytes) {
  if (frame_bytes < sizeof(VirtioHeader)) return drops_.count(Drop::MalformedFrame);
  const auto virtio = load_raw<VirtioHeader>(frame_.get());
  auto packet = parse_packet({frame_.get() + sizeof(VirtioHeader), frame_bytes - sizeof(VirtioHeader)});
  if (!packet) return drops_.count(Drop::MalformedFrame);
  tun.counters.transmitted_packets.add(1);
  tun.counters.transmitted_bytes.add(packet->length);
  Sa* sa = select_sa(tun, interface, *packet);
  if (sa == nullptr) return;
  const OuterHeader& outer = *sa->outer.load(std::memory_order_acquire);
  OuterMarking marking;
  marking.traffic_class =
      outer_traffic_class(packet->traffic_class(), (sa->config.extra_flags & XFRM_SA_XFLAG_DONT_ENCAP_DSCP) == 0, sa->copies_ecn());
  marking.may_fragment = may_fragment(*sa, *packet);
  EspPayload payload{0, next_header(packet->version)};
  if (sa->is_transport()) [[unlikely]] {
    Drop cause{};
    const auto upper = transport_payload(*packet, cause);
    if (!upper) return drops_.count(cause);
    payload = *upper;
    marking.traffic_class = packet->traffic_class();  // the header stays its own
    marking.hop_limit = packet->hop_limit();
    if (marking.hop_limit == 0) return drops_.count(Drop::MalformedFrame);  // RFC 1122 §3.2.1.7: never sent
  }
  if (virtio.gso_type != kVirtioGsoNone) {
    auto segmenter = Segmenter::make(*packet, virtio);
    if (!segmenter) return drops_.count(Drop::MalformedFrame);
    if (refuses(tun, *sa, *packet, segmenter->largest(), marking)) return;
    while (const auto segment = segmenter->next())
      if (!seal(*sa, outer, *segment, payload, marking)) return;
    return;
  }
  const bool is_partial = (virtio.flags & kVirtioNeedsChecksum) != 0;
  clamp_mss(*packet, tun.mss_clamp.load(std::memory_order_relaxed), is_partial);
  if (is_partial && !complete_checksum(*packet, virtio)) return drops_.count(Drop::MalformedFrame);
  if (refuses(tun, *sa, *packet, packet->length, marking)) return;
  seal(*sa, outer, {packet->data, packet->length}, payload, marking);
}

/**
 * Whether what comes of a frame, packets of up to `largest` bytes, is too big for the path; then its sender is told (RFC 4301
 * §8.2). IPv6 packets of up to 1280 bytes are never too big: they are let through in outer fragments.
 */
bool Outbound::refuses(Tun& tun, const Sa& sa, const Packet& packet, size_t largest, OuterMarking& marking) {
  const uint32_t fits = sa.largest_inner.load(std::memory_order_relaxed);
  if (largest <= fits || marking.may_fragment) [[likely]]
    return false;
  if (packet.version == 6 && largest <= kIpv6MinimumMtu) {
    marking.may_fragment = true;
    return false;
  }
  drops_.count(Drop::PacketTooBig);
  TooBigAnswer answer;
  VirtioHeader none;
  const size_t length = write_too_big(packet, fits, answer);
  if (length == 0) return true;
  const iovec parts[] = {{&none, sizeof none}, {answer.data(), length}};
  if (::writev(tun.fd(), parts, 2) < 0) drops_.count(Drop::TunWriteFailed);
  return true;
}

/** Adds the ESP trailer behind the packet (there is kTailRoom) and seals it into the batch. */
bool Outbound::seal(Sa& sa, const OuterHeader& outer, std::span<uint8_t> packet, EspPayload payload, OuterMarking marking) {
  if (!admit(sa, notices_, drops_)) return false;
  const uint64_t sequence = sa.last_sent.load(std::memory_order_relaxed) + 1;
  if (!has_sequence(sa, sequence, notices_, drops_)) return false;
  if (tap_.is_on()) [[unlikely]]
    tap_.see_inner(sa.config.if_id, false, packet);
  Transform& transform = *sa.transform;
  const size_t block = transform.block();
  const auto inside = packet.subspan(payload.offset);
  const size_t padding = (block - (inside.size() + 2) % block) % block;
  uint8_t* trailer = packet.data() + packet.size();
  for (size_t i = 0; i < padding; i++) trailer[i] = static_cast<uint8_t>(i + 1);
  trailer[padding] = static_cast<uint8_t>(padding);
  trailer[padding + 1] = payload.next_header;
  const size_t plain = inside.size() + padding + 2;
  uint8_t* out = batch_.reserve(plain + transform.overhead());
  // Taken before sealing: a number is never used twice, whatever happens next.
  sa.last_sent.store(sequence, std::memory_order_relaxed);
  if (!transform.seal(sa.config.key.spi, sequence, {inside.data(), plain}, out)) {
    drops_.count(Drop::CipherFailed);
    return false;
  }
  if (tap_.is_on()) [[unlikely]]
    tap_.see_outer(&sa, false, outer, marking, {out, plain + transform.overhead()});
  batch_.commit(plain + transform.overhead(), outer, marking);
  account(sa, packet.size(), notices_);
  return true;
}

}  // namespace xfrmd
