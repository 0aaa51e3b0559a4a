/** GETAE and NEWAE: replay state, lifetimes and thresholds of an SA, for key managers that carry them elsewhere. */
#include "base/clock.h"
#include "xfrm/service.h"

namespace xfrmd {
namespace {

constexpr unsigned kSettable[] = {XFRMA_LTIME_VAL, XFRMA_REPLAY_VAL, XFRMA_REPLAY_ESN_VAL, XFRMA_ETIMER_THRESH, XFRMA_REPLAY_THRESH, XFRMA_MTIMER_THRESH};

}  // namespace

void XfrmService::get_counters(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_aevent_id>();
  const SaRecord& record = require_sa(request.sa_id, read_mark(Attributes::parse(message, sizeof request)));
  peer.send(describe_counters(record, request.flags, {message.header.nlmsg_seq, peer.port_id}));
}

void XfrmService::set_counters(const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_aevent_id>();
  const Attributes attributes = Attributes::parse(message, sizeof request);
  bool has_value = false;
  for (const unsigned type : kSettable) has_value = has_value || attributes.has(type);
  if (!has_value || !message.has(NLM_F_REPLACE)) throw Refusal::silent(EINVAL, "NEWAE that changes nothing, or does not say that it replaces");
  SaRecord& record = require_sa(request.sa_id, read_mark(attributes));
  if (record.is_larval()) throw Refusal::silent(EINVAL, "SA without keys");
  sad_.set_counters(record, attributes);
  record.told = Told::of(record, steady_seconds());
  if (is_heard(XFRMNLGRP_AEVENTS)) multicast(XFRMNLGRP_AEVENTS, describe_counters(record, XFRM_AE_CU, Origin::of(message)));
}

}  // namespace xfrmd
