/** XFRM requests about SAs. */
#include <algorithm>
#include <bit>
#include <charconv>

#include "xfrm/sa_filter.h"
#include "xfrm/service.h"

namespace xfrmd {
namespace {

void verify_spi_range(const xfrm_userspi_info& request) {
  const uint8_t protocol = request.info.id.proto;
  if (protocol == IPPROTO_AH || protocol == IPPROTO_COMP) {
    if (protocol == IPPROTO_COMP && request.max >= 0x10000) throw Refusal::silent(EINVAL, "CPI beyond 16 bits");
    throw Refusal(EPROTONOSUPPORT, "Only ESP is supported");
  }
  if (protocol != IPPROTO_ESP) throw Refusal::silent(EINVAL, "protocol without SPIs");
  if (request.min > request.max) throw Refusal::silent(EINVAL, "SPI range upside down");
  if (request.max == 0) throw Refusal(EINVAL, "SPI is zero");
  if (request.info.family != AF_INET && request.info.family != AF_INET6) throw Refusal(EINVAL, "Invalid address family");
}

/** What of a request for an SPI the kernel keeps (xfrm_find_acq). */
xfrm_usersa_info larval_info(const xfrm_usersa_info& asked, uint64_t patience) {
  xfrm_usersa_info info{};
  info.id = asked.id;
  info.saddr = asked.saddr;
  info.family = asked.family;
  info.mode = asked.mode;
  info.reqid = asked.reqid;
  info.sel.family = asked.family;
  info.sel.saddr = asked.saddr;
  info.sel.daddr = asked.id.daddr;
  info.sel.prefixlen_s = info.sel.prefixlen_d = asked.family == AF_INET ? 32 : 128;
  info.lft.soft_byte_limit = info.lft.hard_byte_limit = info.lft.soft_packet_limit = info.lft.hard_packet_limit = XFRM_INF;
  info.lft.hard_add_expires_seconds = patience;
  return info;
}

}  // namespace

/** How long an allotted SPI waits for its keys, in seconds: the setting that IKE daemons make for their own patience. */
uint64_t XfrmService::patience() const {
  constexpr uint64_t kCharons = 165;  // where the kernel has no XFRM there is no setting, and charon's goes nowhere
  char text[24];
  const ssize_t size = ::pread(patience_setting_.get(), text, sizeof text, 0);
  uint64_t seconds = 0;
  return size > 0 && std::from_chars(text, text + size, seconds).ec == std::errc() ? seconds : kCharons;
}

void XfrmService::allocate_spi(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_userspi_info>();
  const Attributes attributes = Attributes::parse(message, sizeof request);
  attributes.require_only({XFRMA_IF_ID, XFRMA_MARK, XFRMA_MTIMER_THRESH});
  verify_spi_range(request);
  const uint32_t if_id = read_if_id(attributes);
  const Mark mark = read_mark(attributes);
  verify_lane(if_id, mark);
  const SaRecord* record = sad_.allot(larval_info(request.info, patience()), if_id, mark, std::max(request.min, 1u), request.max, peer.pid);
  if (record == nullptr) throw Refusal::silent(ENOENT, "no free SPI in the range");
  peer.send(describe_sa(*record, {message.header.nlmsg_seq, peer.port_id}));
}

void XfrmService::new_sa(XfrmPeer& peer, const NetlinkMessage& message) {
  SaRequest request = parse_sa_request(message);
  if (names_other_interface(request.info.sel, request.lane())) throw Refusal(EOPNOTSUPP, "A selector for another interface than the tunnel is not supported");
  const bool is_update = message.header.nlmsg_type == XFRM_MSG_UPDSA;
  SaRecord* present = sad_.find(request.key());
  if (is_update && (present == nullptr || !present->mark.matches(request.mark.wanted()))) throw Refusal::silent(ESRCH, "no such SA");
  // With marks the kernel could keep two of the same address and SPI apart; packets from the wire could not.
  if (!is_update && present != nullptr) throw Refusal::silent(EEXIST, "SA exists");
  if (present != nullptr && !present->is_larval()) {
    sad_.update(*present, request);
    apply_path_mtu(*present->sa);
    return announce(*present, message);
  }
  if (request.outer().is_raw() && !plane_.tables().raw_sockets().has(request.info.family))
    throw Refusal(EPROTONOSUPPORT, "No raw socket for ESP without UDP encapsulation: force it in the IKE daemon");
  const SaRecord& record = sad_.install(std::move(request), peer.pid);
  spd_.relink(record.lane());
  apply_path_mtu(*record.sa);
  const OuterHeader& outer = *record.sa->outer.load();
  log_info("SA %08x %s > %s if_id %u reqid %u", swap_if_little(record.info.id.spi), outer.source.text().c_str(), outer.destination.text().c_str(),
           record.lane(), record.info.reqid);
  announce(record, message);
}

void XfrmService::apply_path_mtu(Sa& sa) { sa.set_path_mtu(plane_.path_mtus().find(sa.outer.load()->destination.address)); }

SaRecord& XfrmService::require_sa(const xfrm_usersa_id& id, const Mark& mark) {
  SaRecord* record = sad_.find(parse_sa_id(id), mark);
  if (record == nullptr) throw Refusal::silent(ESRCH, "no such SA");
  return *record;
}

void XfrmService::remove_sa(const SaKey& key) {
  const SaRecord* record = sad_.find(key);
  if (record == nullptr) return;
  const uint32_t lane = record->lane();
  std::shared_ptr<Sa> sa = sad_.take(key);
  // Workers must stop finding the SA through policies before it is retired.
  spd_.relink(lane);
  plane_.tables().epoch().retire(std::move(sa));
}

void XfrmService::delete_sa(const NetlinkMessage& message) {
  const auto id = message.fixed<xfrm_usersa_id>();
  const SaRecord& record = require_sa(id, read_mark(Attributes::parse(message, sizeof id)));
  if (is_heard(XFRMNLGRP_SA)) multicast(XFRMNLGRP_SA, describe_deleted_sa(record, Origin::of(message)));
  remove_sa(key_of(record.info));
}

void XfrmService::get_sa(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto id = message.fixed<xfrm_usersa_id>();
  const SaRecord& record = require_sa(id, read_mark(Attributes::parse(message, sizeof id)));
  peer.send(describe_sa(record, {message.header.nlmsg_seq, peer.port_id}));
}

void XfrmService::dump_sas(XfrmPeer& peer, const NetlinkMessage& message) {
  const SaFilter filter = SaFilter::parse(message);
  const Origin origin{message.header.nlmsg_seq, peer.port_id};
  Dump dump(peer, origin.sequence);
  for (const SaRecord* record : sad_.by_age())
    if (filter.takes(*record)) dump.add(describe_sa(*record, origin, NLM_F_MULTI));
  dump.finish();
}

void XfrmService::flush_sas(const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_usersa_flush>();
  const SaFilter filter{request.proto, std::nullopt};
  std::vector<SaKey> keys;
  for (const auto& [key, record] : sad_.all())
    if (filter.takes(record)) keys.push_back(key);
  if (keys.empty()) return;  // the kernel says nothing then
  for (const SaKey& key : keys) remove_sa(key);
  const Origin origin = Origin::of(message);
  multicast(XFRMNLGRP_SA, MessageWriter(XFRM_MSG_FLUSHSA, 0, origin.sequence, origin.port_id).fixed(request).finish());
}

void XfrmService::get_sad_info(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto flags = message.fixed<uint32_t>();
  const auto count = static_cast<uint32_t>(sad_.all().size());
  // What the kernel's hash table would have: a power of two that grows with the number of SAs.
  constexpr uint32_t kFewestBuckets = 8, kMostBuckets = 1 << 20;
  peer.send(MessageWriter(XFRM_MSG_NEWSADINFO, 0, message.header.nlmsg_seq, peer.port_id)
                .fixed(flags)
                .attribute(XFRMA_SAD_CNT, count)
                .attribute(XFRMA_SAD_HINFO, xfrmu_sadhinfo{std::clamp(std::bit_ceil(count), kFewestBuckets, kMostBuckets), kMostBuckets})
                .finish());
}

/** A daemon that wants an SA treated as expired (xfrm_add_sa_expire). */
void XfrmService::expire_sa(const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_user_expire>();
  const Attributes attributes = Attributes::parse(message, sizeof request);
  SaRecord* record = sad_.find(key_of(request.state), read_mark(attributes));
  if (record == nullptr) throw Refusal::silent(ENOENT, "no such SA");
  if (record->is_larval()) throw Refusal::silent(EINVAL, "SA without keys");
  send_expire(*record, request.hard != 0, message.header.nlmsg_pid);
  if (request.hard != 0) remove_sa(key_of(record->info));
}

}  // namespace xfrmd
