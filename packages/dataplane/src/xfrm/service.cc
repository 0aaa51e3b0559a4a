/** Dispatch, and the requests about SAs. Policies: service_policy.cc; what is sent unasked: service_events.cc. */
#include "xfrm/service.h"

#include "base/clock.h"
#include "base/log.h"
#include "xfrm/replay_codec.h"

#ifndef IPSEC_PROTO_ANY
#define IPSEC_PROTO_ANY 255  // net/xfrm.h
#endif

namespace xfrmd {

void XfrmService::handle(XfrmPeer& peer, Bytes datagram) {
  while (const auto message = next_message(datagram)) {
    int error = 0;
    try {
      dispatch(peer, *message);
    } catch (const Refusal& refusal) {
      error = refusal.error;
      // Asking for what is not there is how daemons look around; everything else is worth a line.
      if (error != ESRCH && error != ENOENT && refusal_log_.allows()) log_info("XFRM request %u refused: %s", message->header.nlmsg_type, refusal.what());
    }
    if (error != 0 || message->has(NLM_F_ACK)) peer.send(error_message(message->header, error, peer.port_id));
  }
}

void XfrmService::dispatch(XfrmPeer& peer, const NetlinkMessage& message) {
  switch (message.header.nlmsg_type) {
    case NLMSG_NOOP: return;
    case XFRM_MSG_ALLOCSPI: return allocate_spi(peer, message);
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA: return new_sa(peer, message);
    case XFRM_MSG_DELSA: return delete_sa(message);
    case XFRM_MSG_GETSA: return get_sa(peer, message);
    case XFRM_MSG_GETAE: return get_ae(peer, message);
    case XFRM_MSG_EXPIRE: return expire_request(message);
    case XFRM_MSG_FLUSHSA: return flush_sa(message);
    case XFRM_MSG_GETSADINFO: return get_sad_info(peer, message);
    case XFRM_MSG_NEWPOLICY:
    case XFRM_MSG_UPDPOLICY: return new_policy(peer, message);
    case XFRM_MSG_DELPOLICY:
    case XFRM_MSG_GETPOLICY: return delete_or_get_policy(peer, message);
    case XFRM_MSG_FLUSHPOLICY: return flush_policy();
    case XFRM_MSG_GETSPDINFO: return get_spd_info(peer, message);
    case XFRM_MSG_NEWSPDINFO: return;  // hash thresholds: ours need none
    case XFRM_MSG_MIGRATE: throw Refusal(ENOPROTOOPT, "migration is not supported");
    default: throw Refusal(EOPNOTSUPP, "message type is not supported");
  }
}

void XfrmService::allocate_spi(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_userspi_info>();
  const Attributes attributes = Attributes::parse(message, sizeof request);
  attributes.require_only({XFRMA_IF_ID, XFRMA_MARK, XFRMA_MTIMER_THRESH});
  if (request.info.family != AF_INET && request.info.family != AF_INET6) throw Refusal(EINVAL, "address family is not IP");
  if (request.info.id.proto != IPPROTO_ESP) throw Refusal(EINVAL, "SPI of something else than ESP");
  if (request.min > request.max || request.min < 0x100) throw Refusal(EINVAL, "SPI range");
  const SaRecord* record =
      sad_.allot(request.info, attributes.read<uint32_t>(XFRMA_IF_ID).value_or(0), request.min, request.max, peer.pid);
  if (record == nullptr) throw Refusal(ENOENT, "no free SPI in the range");
  peer.send(describe_sa(*record, 0, message.header.nlmsg_seq, peer.port_id));
}

void XfrmService::new_sa(XfrmPeer& peer, const NetlinkMessage& message) {
  SaRequest request = parse_sa_request(message);
  if (request.outer().is_raw() && !plane_.tables().raw_sockets().has(request.info.family))
    throw Refusal(EPROTONOSUPPORT, "no raw socket for ESP without UDP encapsulation: force it in the IKE daemon");
  SaRecord* present = sad_.find(request.key());
  const bool is_update = message.header.nlmsg_type == XFRM_MSG_UPDSA;
  if (is_update && present == nullptr) throw Refusal(ESRCH, "no such SA");
  if (!is_update && present != nullptr) throw Refusal(EEXIST, "SA exists");
  if (present != nullptr && !present->is_larval()) {
    sad_.update(*present, request);
    apply_path_mtu(*present->sa);
    return multicast(XFRMNLGRP_SA, describe_sa(*present, 0, 0, 0));
  }
  const SaRecord& record = sad_.install(std::move(request), peer.pid);
  spd_.relink(record.if_id);
  apply_path_mtu(*record.sa);
  log_info("SA %08x %s > %s if_id %u reqid %u", swap_if_little(record.info.id.spi), record.sa->outer.load()->source.text().c_str(),
           record.sa->outer.load()->destination.text().c_str(), record.if_id, record.info.reqid);
  multicast(XFRMNLGRP_SA, describe_sa(record, 0, 0, 0));
}

void XfrmService::apply_path_mtu(Sa& sa) { sa.set_path_mtu(plane_.path_mtus().find(sa.outer.load()->destination.address)); }

SaRecord& XfrmService::require_sa(const xfrm_usersa_id& id) {
  SaRecord* record = sad_.find({Address::from_xfrm(id.family, id.daddr), id.spi, id.proto});
  if (record == nullptr) throw Refusal(ESRCH, "no such SA");
  return *record;
}

void XfrmService::remove_sa(const SaKey& key) {
  const SaRecord* record = sad_.find(key);
  if (record == nullptr) return;
  const uint32_t if_id = record->if_id;
  std::shared_ptr<Sa> sa = sad_.take(key);
  // Workers must stop finding the SA through policies before it is retired.
  spd_.relink(if_id);
  plane_.tables().epoch().retire(std::move(sa));
}

void XfrmService::delete_sa(const NetlinkMessage& message) {
  const auto id = message.fixed<xfrm_usersa_id>();
  remove_sa(key_of(require_sa(id).info));
  multicast(XFRMNLGRP_SA, MessageWriter(XFRM_MSG_DELSA, 0, 0, 0).fixed(id).finish());
}

void XfrmService::get_sa(XfrmPeer& peer, const NetlinkMessage& message) {
  const uint32_t sequence = message.header.nlmsg_seq;
  if (message.has(NLM_F_DUMP)) {
    Dump dump(peer, sequence);
    for (const auto& [key, record] : sad_.all()) dump.add(describe_sa(record, NLM_F_MULTI, sequence, peer.port_id));
    return dump.finish();
  }
  peer.send(describe_sa(require_sa(message.fixed<xfrm_usersa_id>()), 0, sequence, peer.port_id));
}

void XfrmService::get_ae(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_aevent_id>();
  const SaRecord& record = require_sa(request.sa_id);
  if (record.is_larval()) throw Refusal(ESRCH, "SA without keys");
  xfrm_aevent_id answer = request;
  answer.saddr = record.info.saddr;
  answer.reqid = record.info.reqid;
  MessageWriter writer(XFRM_MSG_NEWAE, 0, message.header.nlmsg_seq, peer.port_id);
  writer.fixed(answer);
  write_replay(writer, *record.sa, record.uses_esn_replay);
  writer.attribute(XFRMA_LTIME_VAL, record.current_lifetime());
  writer.attribute(XFRMA_IF_ID, record.if_id);
  peer.send(writer.finish());
}

void XfrmService::get_sad_info(XfrmPeer& peer, const NetlinkMessage& message) {
  const auto count = static_cast<uint32_t>(sad_.all().size());
  peer.send(MessageWriter(XFRM_MSG_NEWSADINFO, 0, message.header.nlmsg_seq, peer.port_id)
                .fixed(uint32_t{0})
                .attribute(XFRMA_SAD_CNT, count)
                .attribute(XFRMA_SAD_HINFO, xfrmu_sadhinfo{count, UINT32_MAX})
                .finish());
}

/** A daemon that wants an SA treated as expired (xfrm_add_sa_expire). */
void XfrmService::expire_request(const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_user_expire>();
  SaRecord* record = sad_.find(key_of(request.state));
  if (record == nullptr) throw Refusal(ENOENT, "no such SA");
  if (record->is_larval()) throw Refusal(EINVAL, "SA without keys");
  expire(key_of(record->info), request.hard != 0);
}

void XfrmService::flush_sa(const NetlinkMessage& message) {
  const auto request = message.fixed<xfrm_usersa_flush>();
  std::vector<SaKey> keys;
  for (const auto& [key, record] : sad_.all())
    if (request.proto == IPSEC_PROTO_ANY || request.proto == key.protocol) keys.push_back(key);
  if (keys.empty()) throw Refusal(ESRCH, "no SA to flush");
  for (const SaKey& key : keys) remove_sa(key);
  multicast(XFRMNLGRP_SA, MessageWriter(XFRM_MSG_FLUSHSA, 0, 0, 0).fixed(request).finish());
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

std::vector<uint8_t> describe_sa(const SaRecord& record, uint16_t flags, uint32_t sequence, uint32_t port_id) {
  MessageWriter writer(XFRM_MSG_NEWSA, flags, sequence, port_id);
  writer.fixed(record.current()).raw(record.echo.view());
  if (!record.is_larval()) {
    write_replay(writer, *record.sa, record.uses_esn_replay);
    if (const uint64_t last = record.sa->last_used.get(); last != 0) writer.attribute(XFRMA_LASTUSED, last);
  }
  return writer.finish();
}

void Dump::add(const std::vector<uint8_t>& message) {
  if (pending_.size() + message.size() > kDatagramBytes) flush();
  pending_.insert(pending_.end(), message.begin(), message.end());
}

void Dump::flush() {
  if (!pending_.empty()) peer_.send(std::exchange(pending_, {}));
}

void Dump::finish() {
  flush();
  peer_.send(MessageWriter(NLMSG_DONE, NLM_F_MULTI, sequence_, peer_.port_id).fixed(int32_t{0}).finish());
}

}  // namespace xfrmd
