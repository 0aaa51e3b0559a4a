/** XFRM requests about policies. */
#include <algorithm>
#include <bit>

#include "xfrm/service.h"

namespace xfrmd {
namespace {

/** Minimum lengths of XFRMA_SPD_*, which number anew (xfrma_spd_policy). */
size_t spd_minimum_length(unsigned type) {
  return type == XFRMA_SPD_IPV4_HTHRESH || type == XFRMA_SPD_IPV6_HTHRESH ? sizeof(xfrmu_spdhthresh) : 0;
}

void verify_thresholds(const std::optional<xfrmu_spdhthresh>& given, unsigned longest) {
  if (given && (given->lbits > longest || given->rbits > longest)) throw Refusal::silent(EINVAL, "threshold longer than an address");
}

void set_default_action(uint8_t& action, uint8_t given) {
  if (given == XFRM_USERPOLICY_BLOCK || given == XFRM_USERPOLICY_ACCEPT) action = given;
}

}  // namespace

void XfrmService::new_policy(XfrmPeer& peer, const NetlinkMessage& message) {
  const uint16_t type = message.header.nlmsg_type;
  PolicyRequest request = parse_policy_request(message);
  request.is_elsewhere = names_other_interface(request.info.sel, request.name.lane());
  const PolicyRecord& record = spd_.put(std::move(request), type == XFRM_MSG_UPDPOLICY, peer.pid);
  if (is_heard(XFRMNLGRP_POLICY)) multicast(XFRMNLGRP_POLICY, describe_policy(record, Origin::of(message), 0, type));
}

PolicyRecord& XfrmService::require_policy(const PolicyName& name, const xfrm_userpolicy_id& id) {
  PolicyRecord* record = id.index != 0 ? spd_.find_index(name, id.index) : spd_.find(name, id.sel);
  if (record == nullptr) throw Refusal::silent(ENOENT, "no such policy");
  return *record;
}

void XfrmService::delete_or_get_policy(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto id = message.fixed<xfrm_userpolicy_id>();
  const PolicyName name = parse_policy_name(Attributes::parse(message, sizeof id), id.dir);
  const PolicyRecord& record = require_policy(name, id);
  if (message.header.nlmsg_type == XFRM_MSG_GETPOLICY) return peer.send(describe_policy(record, {message.header.nlmsg_seq, peer.port_id}));
  if (is_heard(XFRMNLGRP_POLICY)) multicast(XFRMNLGRP_POLICY, describe_deleted_policy(record, id.index != 0, Origin::of(message)));
  spd_.remove(record);
}

void XfrmService::dump_policies(XfrmPeer& peer, const NetlinkMessage& message) {
  const Origin origin{message.header.nlmsg_seq, peer.port_id};
  Dump dump(peer, origin.sequence);
  for (const PolicyRecord* record : spd_.by_age()) dump.add(describe_policy(*record, origin, NLM_F_MULTI));
  dump.finish();
}

void XfrmService::flush_policies(const NetlinkMessage& message) {
  const Attributes attributes = Attributes::parse(message, 0);
  verify_policy_type(attributes);
  if (spd_.remove_if([](const PolicyRecord&) { return true; }) == 0) return;  // the kernel says nothing then
  const Origin origin = Origin::of(message);
  multicast(XFRMNLGRP_POLICY, MessageWriter(XFRM_MSG_FLUSHPOLICY, 0, origin.sequence, origin.port_id)
                                  .attribute(XFRMA_POLICY_TYPE, xfrm_userpolicy_type{XFRM_POLICY_TYPE_MAIN, 0, 0})
                                  .finish());
}

/** A program that wants a policy treated as expired (xfrm_add_pol_expire). */
void XfrmService::expire_policy(const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_user_polexpire>();
  const PolicyName name = parse_policy_name(Attributes::parse(message, sizeof request), request.pol.dir);
  xfrm_userpolicy_id id{};
  id.sel = request.pol.sel;
  id.index = request.pol.index;
  expire(require_policy(name, id), request.hard != 0, Origin::of(message));
}

void XfrmService::get_spd_info(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto flags = message.fixed<uint32_t>();
  xfrmu_spdinfo counts{};
  counts.incnt = static_cast<uint32_t>(spd_.count(XFRM_POLICY_IN));
  counts.outcnt = static_cast<uint32_t>(spd_.count(XFRM_POLICY_OUT));
  counts.fwdcnt = static_cast<uint32_t>(spd_.count(XFRM_POLICY_FWD));
  // What the kernel's table by index would have, which grows with the number of policies. It tells the mask: one less than the buckets.
  constexpr uint32_t kFewestBuckets = 8, kMostBuckets = 1 << 20;
  const auto buckets = std::clamp(std::bit_ceil(static_cast<uint32_t>(spd_.size()) + 1), kFewestBuckets, kMostBuckets);
  peer.send(MessageWriter(XFRM_MSG_NEWSPDINFO, 0, message.header.nlmsg_seq, peer.port_id)
                .fixed(flags)
                .attribute(XFRMA_SPD_INFO, counts)
                .attribute(XFRMA_SPD_HINFO, xfrmu_spdhinfo{buckets - 1, kMostBuckets})
                .attribute(XFRMA_SPD_IPV4_HTHRESH, thresholds4_)
                .attribute(XFRMA_SPD_IPV6_HTHRESH, thresholds6_)
                .finish());
}

/** Hash thresholds: kept and shown, our look-up needs none. */
void XfrmService::set_spd_info(const NetlinkMessage& message) {
  const Attributes attributes = Attributes::parse(message, sizeof message.fixed<uint32_t>(), spd_minimum_length);
  const auto v4 = attributes.read<xfrmu_spdhthresh>(XFRMA_SPD_IPV4_HTHRESH), v6 = attributes.read<xfrmu_spdhthresh>(XFRMA_SPD_IPV6_HTHRESH);
  verify_thresholds(v4, 32);
  verify_thresholds(v6, 128);
  thresholds4_ = v4.value_or(thresholds4_);
  thresholds6_ = v6.value_or(thresholds6_);
}

void XfrmService::get_default(XfrmPeer& peer, const NetlinkMessage& message) {
  message.fixed<xfrm_userpolicy_default>();
  peer.send(MessageWriter(XFRM_MSG_GETDEFAULT, 0, message.header.nlmsg_seq, peer.port_id).fixed(defaults_).finish());
}

/** Kept and shown. A packet that no policy allows is dropped here whatever is set: a tunnel never passes clear text. */
void XfrmService::set_default(const NetlinkMessage& message) {
  const auto given = message.fixed<xfrm_userpolicy_default>();
  set_default_action(defaults_.in, given.in);
  set_default_action(defaults_.fwd, given.fwd);
  set_default_action(defaults_.out, given.out);
  const Origin origin = Origin::of(message);
  multicast(XFRMNLGRP_POLICY, MessageWriter(XFRM_MSG_GETDEFAULT, 0, origin.sequence, origin.port_id).fixed(defaults_).finish());
}

}  // namespace xfrmd
