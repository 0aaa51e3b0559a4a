/** What the engine tells IKE daemons unasked: EXPIRE, ACQUIRE, MAPPING. */
#include <arpa/inet.h>

#include "base/clock.h"
#include "base/log.h"
#include "xfrm/service.h"

namespace xfrmd {
namespace {

// An allotted SPI whose keys do not come is given back after this; charon's own patience (net.core.xfrm_acq_expires).
constexpr uint64_t kLarvalSeconds = 165;

bool is_reached(uint64_t limit, uint64_t age) { return limit != 0 && age >= limit; }

uint64_t age_of(const SaRecord& record) { return steady_seconds() - record.added_steady; }

bool is_time_up(const SaRecord& record, bool is_hard) {
  const xfrm_lifetime_cfg& limits = record.info.lft;
  if (is_reached(is_hard ? limits.hard_add_expires_seconds : limits.soft_add_expires_seconds, age_of(record))) return true;
  const uint64_t first_used = record.sa->first_used.get(), now = wall_seconds();
  return first_used != 0 && now > first_used &&
         is_reached(is_hard ? limits.hard_use_expires_seconds : limits.soft_use_expires_seconds, now - first_used);
}

}  // namespace

void XfrmService::multicast(unsigned group, const std::vector<uint8_t>& message) {
  for (XfrmPeer* peer : peers_)
    if (peer->listens_to(group)) peer->send(message);
}

void XfrmService::send_expire(const SaRecord& record, bool is_hard) {
  xfrm_user_expire event{};
  event.state = record.current();
  event.hard = is_hard ? 1 : 0;
  MessageWriter writer(XFRM_MSG_EXPIRE, 0, 0, 0);
  writer.fixed(event);
  if (record.if_id != 0) writer.attribute(XFRMA_IF_ID, record.if_id);
  multicast(XFRMNLGRP_EXPIRE, writer.finish());
}

void XfrmService::expire(const SaKey& key, bool is_hard) {
  SaRecord* record = sad_.find(key);
  if (record == nullptr || (!is_hard && record->is_soft_sent)) return;
  log_info("SA %08x: %s limit reached", swap_if_little(key.spi), is_hard ? "hard" : "soft");
  record->is_soft_sent = true;
  send_expire(*record, is_hard);
  if (is_hard) remove_sa(key);
}

void XfrmService::tick() {
  std::vector<std::pair<SaKey, bool>> due;
  for (const auto& [key, record] : sad_.all()) {
    if (record.is_larval()) {
      if (age_of(record) >= kLarvalSeconds) due.emplace_back(key, true);
    } else if (is_time_up(record, true)) {
      due.emplace_back(key, true);
    } else if (!record.is_soft_sent && is_time_up(record, false)) {
      due.emplace_back(key, false);
    }
  }
  for (const auto& [key, is_hard] : due) expire(key, is_hard);
  for (const Address& destination : plane_.path_mtus().expire(steady_seconds())) apply_path_mtu(destination);
}

void XfrmService::handle_notices() {
  for (const Notice& notice : plane_.notices().take()) std::visit([this](const auto& each) { on(each); }, notice);
}

void XfrmService::on(const LimitNotice& notice) { expire(notice.key, notice.is_hard); }

void XfrmService::on(const AcquireNotice& notice) {
  if (const PolicyRecord* record = spd_.find_index(notice.if_id, XFRM_POLICY_OUT, notice.policy_index)) send_acquire(*record, notice.flow);
}

void XfrmService::send_acquire(const PolicyRecord& record, const FlowKey& flow) {
  const Policy& policy = *record.policy;
  if (policy.templates.empty()) return;
  const xfrm_user_tmpl& wanted = policy.templates.front();
  xfrm_user_acquire event{};
  event.id = wanted.id;
  event.saddr = wanted.saddr;
  event.sel = record.info.sel;
  // The packet's own flow, as the kernel narrows the selector of the SA it asks for.
  event.sel.family = flow.family;
  std::memcpy(&event.sel.saddr, flow.source, sizeof flow.source);
  std::memcpy(&event.sel.daddr, flow.destination, sizeof flow.destination);
  event.sel.prefixlen_s = event.sel.prefixlen_d = flow.family == AF_INET ? 32 : 128;
  event.sel.proto = flow.protocol;
  event.sel.sport = flow.source_port;
  event.sel.dport = flow.destination_port;
  event.sel.sport_mask = event.sel.dport_mask = 0xffff;
  event.policy = record.current();
  event.aalgos = wanted.aalgos;
  event.ealgos = wanted.ealgos;
  event.calgos = wanted.calgos;
  MessageWriter writer(XFRM_MSG_ACQUIRE, 0, 0, 0);
  writer.fixed(event).attribute_bytes(XFRMA_TMPL, {reinterpret_cast<const uint8_t*>(policy.templates.data()), policy.templates.size() * sizeof wanted});
  if (policy.if_id != 0) writer.attribute(XFRMA_IF_ID, policy.if_id);
  multicast(XFRMNLGRP_ACQUIRE, writer.finish());
}

void XfrmService::on(const PathMtuNotice& notice) {
  if (!plane_.path_mtus().learn(notice.destination, notice.mtu, steady_seconds())) return;
  log_info("path MTU to %s is %u", notice.destination.text().c_str(), plane_.path_mtus().find(notice.destination));
  apply_path_mtu(notice.destination);
}

void XfrmService::apply_path_mtu(const Address& destination) {
  for (const auto& [key, record] : sad_.all())
    if (record.sa != nullptr && key.destination == destination) apply_path_mtu(*record.sa);
}

void XfrmService::on(const MappingNotice& notice) {
  const SaRecord* record = sad_.find(notice.key);
  if (record != nullptr && !record->is_larval()) send_mapping(*record, notice.source);
}

void XfrmService::send_mapping(const SaRecord& record, const Endpoint& source) {
  const OuterHeader& outer = *record.sa->outer.load(std::memory_order_acquire);
  if (outer.source == source) return;
  log_info("SA %08x: peer moved from %s to %s", swap_if_little(record.info.id.spi), outer.source.text().c_str(), source.text().c_str());
  xfrm_user_mapping event{};
  event.id = {record.info.id.daddr, record.info.id.spi, record.info.family, record.info.id.proto};
  event.reqid = record.info.reqid;
  event.old_saddr = outer.source.address.to_xfrm();
  event.old_sport = htons(outer.source.port);
  event.new_saddr = source.address.to_xfrm();
  event.new_sport = htons(source.port);
  multicast(XFRMNLGRP_MAPPING, MessageWriter(XFRM_MSG_MAPPING, 0, 0, 0).fixed(event).finish());
}

}  // namespace xfrmd
