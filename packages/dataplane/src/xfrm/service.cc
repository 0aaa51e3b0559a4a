/** Which request goes where, and what answers it. SAs: service_sa.cc; policies: service_policy.cc; unasked: service_events.cc. */
#include "xfrm/service.h"

namespace xfrmd {

void XfrmService::handle(XfrmPeer& peer, Bytes datagram) {
  while (const auto message = next_message(datagram)) {
    bool wants_answer = message->has(NLM_F_ACK);
    try {
      // As netlink_rcv_skb: what is no request, or no message of the family, is acknowledged and that is all.
      if (message->has(NLM_F_REQUEST) && message->header.nlmsg_type >= NLMSG_MIN_TYPE && !dispatch(peer, *message)) wants_answer = false;
    } catch (const Refusal& refusal) {
      const int error = refusal.error;
      // Asking for what is not there is how daemons look around; everything else is worth a line.
      if (error != ESRCH && error != ENOENT && refusal_log_.allows()) log_info("XFRM request %u refused: %s", message->header.nlmsg_type, refusal.what());
      const bool is_told = refusal.is_told && peer.wants_extended_acks;
      peer.send(error_message(message->header, error, peer.port_id, is_told ? refusal.what() : nullptr));
      continue;
    }
    if (wants_answer) peer.send(error_message(message->header, 0, peer.port_id));
  }
}

bool XfrmService::dispatch(XfrmPeer& peer, const NetlinkMessage& message) {
  switch (message.header.nlmsg_type) {
    case XFRM_MSG_GETSA:
      if (message.is_dump()) return dump_sas(peer, message), false;
      return get_sa(peer, message), true;
    case XFRM_MSG_GETPOLICY:
      if (message.is_dump()) return dump_policies(peer, message), false;
      return delete_or_get_policy(peer, message), true;
    case XFRM_MSG_ALLOCSPI: return allocate_spi(peer, message), true;
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA: return new_sa(peer, message), true;
    case XFRM_MSG_DELSA: return delete_sa(message), true;
    case XFRM_MSG_FLUSHSA: return flush_sas(message), true;
    case XFRM_MSG_EXPIRE: return expire_sa(message), true;
    case XFRM_MSG_GETAE: return get_counters(peer, message), true;
    case XFRM_MSG_NEWAE: return set_counters(message), true;
    case XFRM_MSG_GETSADINFO: return get_sad_info(peer, message), true;
    case XFRM_MSG_NEWPOLICY:
    case XFRM_MSG_UPDPOLICY: return new_policy(peer, message), true;
    case XFRM_MSG_DELPOLICY: return delete_or_get_policy(peer, message), true;
    case XFRM_MSG_FLUSHPOLICY: return flush_policies(message), true;
    case XFRM_MSG_POLEXPIRE: return expire_policy(message), true;
    case XFRM_MSG_GETSPDINFO: return get_spd_info(peer, message), true;
    case XFRM_MSG_NEWSPDINFO: return set_spd_info(message), true;
    case XFRM_MSG_GETDEFAULT: return get_default(peer, message), true;
    case XFRM_MSG_SETDEFAULT: return set_default(message), true;
    case XFRM_MSG_MIGRATE: return migrate(message), true;
    case XFRM_MSG_ACQUIRE: throw Refusal(EOPNOTSUPP, "ACQUIRE from a program is not supported");
    default: throw Refusal::silent(EINVAL, "message type without a handler");
  }
}

void XfrmService::forget_owner(pid_t pid) {
  std::vector<SaKey> keys;
  for (const auto& [key, record] : sad_.all())
    if (record.owner == pid) keys.push_back(key);
  // Policies first: without one nothing is sent, and nothing that comes in is let through.
  spd_.remove_if([&](const PolicyRecord& record) { return record.owner == pid; });
  for (const SaKey& key : keys) remove_sa(key);
  log_info("process %d is gone: its %zu SAs and its policies are removed", static_cast<int>(pid), keys.size());
}

}  // namespace xfrmd
