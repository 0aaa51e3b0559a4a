/** XFRM requests about policies. */
#include "base/log.h"
#include "xfrm/service.h"

namespace xfrmd {

void XfrmService::new_policy(XfrmPeer& peer, const NetlinkMessage& message) {
  const bool replaces = message.header.nlmsg_type == XFRM_MSG_UPDPOLICY;
  const PolicyRecord& record = spd_.put(parse_policy_request(message), replaces, peer.pid);
  multicast(XFRMNLGRP_POLICY, describe_policy(record, 0, 0, 0));
}

void XfrmService::delete_or_get_policy(XfrmPeer& peer, const NetlinkMessage& message) {
  const uint32_t sequence = message.header.nlmsg_seq;
  const bool deletes = message.header.nlmsg_type == XFRM_MSG_DELPOLICY;
  if (!deletes && message.has(NLM_F_DUMP)) {
    Dump dump(peer, sequence);
    spd_.visit([&](const PolicyRecord& record) { dump.add(describe_policy(record, NLM_F_MULTI, sequence, peer.port_id)); });
    return dump.finish();
  }
  const auto id = message.fixed<xfrm_userpolicy_id>();
  const Attributes attributes = Attributes::parse(message, sizeof id);
  attributes.require_only({XFRMA_IF_ID, XFRMA_POLICY_TYPE, XFRMA_MARK});
  verify_direction(id.dir);
  const uint32_t if_id = attributes.read<uint32_t>(XFRMA_IF_ID).value_or(0);
  const PolicyRecord* record = id.index != 0 ? spd_.find_index(if_id, id.dir, id.index) : spd_.find(if_id, id.dir, id.sel);
  if (record == nullptr) throw Refusal(ENOENT, "no such policy");
  if (!deletes) return peer.send(describe_policy(*record, 0, sequence, peer.port_id));
  spd_.remove(*record);
  multicast(XFRMNLGRP_POLICY, MessageWriter(XFRM_MSG_DELPOLICY, 0, 0, 0).fixed(id).finish());
}

void XfrmService::flush_policy() {
  spd_.remove_if([](const PolicyRecord&) { return true; });
  multicast(XFRMNLGRP_POLICY, MessageWriter(XFRM_MSG_FLUSHPOLICY, 0, 0, 0).finish());
}

void XfrmService::get_spd_info(XfrmPeer& peer, const NetlinkMessage& message) {
  xfrmu_spdinfo counts{};
  counts.incnt = static_cast<uint32_t>(spd_.count(XFRM_POLICY_IN));
  counts.outcnt = static_cast<uint32_t>(spd_.count(XFRM_POLICY_OUT));
  counts.fwdcnt = static_cast<uint32_t>(spd_.count(XFRM_POLICY_FWD));
  peer.send(MessageWriter(XFRM_MSG_NEWSPDINFO, 0, message.header.nlmsg_seq, peer.port_id)
                .fixed(uint32_t{0})
                .attribute(XFRMA_SPD_INFO, counts)
                .attribute(XFRMA_SPD_HINFO, xfrmu_spdhinfo{0, UINT32_MAX})
                .attribute(XFRMA_SPD_IPV4_HTHRESH, xfrmu_spdhthresh{32, 32})
                .attribute(XFRMA_SPD_IPV6_HTHRESH, xfrmu_spdhthresh{128, 128})
                .finish());
}

std::vector<uint8_t> describe_policy(const PolicyRecord& record, uint16_t flags, uint32_t sequence, uint32_t port_id) {
  return MessageWriter(XFRM_MSG_NEWPOLICY, flags, sequence, port_id).fixed(record.current()).raw(record.echo).finish();
}

}  // namespace xfrmd
