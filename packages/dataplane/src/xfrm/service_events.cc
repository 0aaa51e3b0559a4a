/** What happens by itself, and what IKE daemons are told unasked: NEWSA and the like, EXPIRE, POLEXPIRE, ACQUIRE, MAPPING. */
#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "xfrm/service.h"

namespace xfrmd {
namespace {

bool is_reached(uint64_t limit, uint64_t age) { return limit != 0 && age >= limit; }

bool is_time_up(const xfrm_lifetime_cfg& limits, bool is_hard, uint64_t since_added, uint64_t since_used) {
  return is_reached(is_hard ? limits.hard_add_expires_seconds : limits.soft_add_expires_seconds, since_added) ||
         is_reached(is_hard ? limits.hard_use_expires_seconds : limits.soft_use_expires_seconds, since_used);
}

/** Since its first use, as in xfrm_timer_handler(). `now`: steady. */
bool is_time_up(const SaRecord& record, bool is_hard, uint64_t now) {
  const uint64_t first = record.is_larval() ? 0 : record.sa->use.first();
  return is_time_up(record.info.lft, is_hard, now - record.added_steady, first == 0 || first > now ? 0 : now - first);
}

/** Since its last use, or since it was added when it never was, as in xfrm_policy_timer(). */
bool is_time_up(const PolicyRecord& record, bool is_hard, uint64_t now) {
  const uint64_t last = std::max(record.policy->use.last(), record.added_steady);
  return is_time_up(record.info.lft, is_hard, now - record.added_steady, last > now ? 0 : now - last);
}

}  // namespace

bool XfrmService::is_heard(unsigned group) const {
  return std::ranges::any_of(peers_, [&](const XfrmPeer* peer) { return peer->listens_to(group); });
}

void XfrmService::multicast(unsigned group, const std::vector<uint8_t>& message) {
  for (XfrmPeer* peer : peers_)
    if (peer->listens_to(group)) peer->send(message);
}

/** A new or changed SA; the message is only made when somebody listens, for it holds the keys. */
void XfrmService::announce(const SaRecord& record, const NetlinkMessage& request) {
  if (is_heard(XFRMNLGRP_SA)) multicast(XFRMNLGRP_SA, describe_sa(record, Origin::of(request), 0, request.header.nlmsg_type));
}

void XfrmService::send_expire(const SaRecord& record, bool is_hard, uint32_t port_id) {
  xfrm_user_expire event{};
  event.state = record.current();
  event.hard = is_hard ? 1 : 0;
  MessageWriter writer(XFRM_MSG_EXPIRE, 0, 0, port_id);
  writer.fixed(event);
  write_lane(writer, record.if_id, record.mark);
  multicast(XFRMNLGRP_EXPIRE, writer.finish());
}

void XfrmService::expire(const SaKey& key, bool is_hard) {
  SaRecord* record = sad_.find(key);
  if (record == nullptr || (!is_hard && record->is_soft_sent)) return;
  log_info("SA %08x: %s limit reached", swap_if_little(key.spi), is_hard ? "hard" : "soft");
  record->is_soft_sent = true;
  send_expire(*record, is_hard, 0);
  if (is_hard) remove_sa(key);
}

void XfrmService::expire(PolicyRecord& record, bool is_hard, const Origin& origin) {
  multicast(XFRMNLGRP_EXPIRE, describe_expired_policy(record, is_hard, origin));
  record.is_soft_sent = true;
  if (is_hard) spd_.remove(record);
}

void XfrmService::tick() {
  tick_sas();
  tick_counters();
  tick_policies();
  sad_.tick(steady_seconds());
  for (const Address& destination : plane_.path_mtus().expire(steady_seconds())) apply_path_mtu(destination);
}

void XfrmService::tick_sas() {
  std::vector<std::pair<SaKey, bool>> due;
  const uint64_t now = steady_seconds();
  for (const auto& [key, record] : sad_.all()) {
    if (is_time_up(record, true, now))
      due.emplace_back(key, true);
    else if (!record.is_larval() && !record.is_soft_sent && is_time_up(record, false, now))
      due.emplace_back(key, false);
  }
  for (const auto& [key, is_hard] : due) expire(key, is_hard);
}

/**
 * NEWAE by itself, for whoever keeps another machine ready to take over: after so many numbers, or so long after a change. The kernel
 * looks at each packet, this is once a tick.
 */
void XfrmService::tick_counters() {
  const uint64_t now = steady_seconds();
  if (!is_heard(XFRMNLGRP_AEVENTS)) return;
  for (auto& [key, record] : sad_.all()) {
    if (record.is_larval()) continue;
    if (const uint32_t cause = record.told.due(record, now)) {
      record.told = Told::of(record, now);
      multicast(XFRMNLGRP_AEVENTS, describe_counters(record, cause, {}));
    }
  }
}

void XfrmService::tick_policies() {
  const uint64_t now = steady_seconds();
  const auto is_due = [now](const PolicyRecord& record) {
    return is_time_up(record, true, now) || (!record.is_soft_sent && is_time_up(record, false, now));
  };
  for (PolicyRecord* record : spd_.by_age(is_due)) expire(*record, is_time_up(*record, true, now), {});
}

void XfrmService::handle_notices() {
  for (const Notice& notice : plane_.notices().take()) std::visit([this](const auto& each) { on(each); }, notice);
}

void XfrmService::on(const LimitNotice& notice) { expire(notice.key, notice.is_hard); }

void XfrmService::on(const AcquireNotice& notice) {
  if (const PolicyRecord* record = spd_.find_out(notice.if_id, notice.policy_index)) send_acquire(*record, notice.flow);
}

void XfrmService::send_acquire(const PolicyRecord& record, const FlowKey& flow) {
  const Policy& policy = *record.policy;
  if (policy.templates.empty()) return;
  const xfrm_user_tmpl& wanted = policy.templates.front();
  xfrm_user_acquire event{};
  event.id = wanted.id;
  event.saddr = wanted.saddr;
  if (wanted.mode == XFRM_MODE_TRANSPORT) {  // what the template leaves open is the packet's
    if (Address::from_xfrm(wanted.family, event.id.daddr).is_any()) std::memcpy(&event.id.daddr, flow.destination, sizeof flow.destination);
    if (Address::from_xfrm(wanted.family, event.saddr).is_any()) std::memcpy(&event.saddr, flow.source, sizeof flow.source);
  }
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
  event.sel.ifindex = interface_index(policy.if_id);
  event.policy = record.current();
  event.aalgos = wanted.aalgos;
  event.ealgos = wanted.ealgos;
  event.calgos = wanted.calgos;
  event.seq = ++acquire_sequence_;
  MessageWriter writer(XFRM_MSG_ACQUIRE, 0, 0, 0);
  writer.fixed(event).attribute_bytes(XFRMA_TMPL, {reinterpret_cast<const uint8_t*>(policy.templates.data()), policy.templates.size() * sizeof wanted});
  writer.attribute(XFRMA_POLICY_TYPE, xfrm_userpolicy_type{XFRM_POLICY_TYPE_MAIN, 0, 0});
  write_lane(writer, record.if_id, record.mark);
  multicast(XFRMNLGRP_ACQUIRE, writer.finish());
}

/** Of the tunnel that a packet went into; 0 when it is gone. */
int XfrmService::interface_index(uint32_t lane) const {
  const auto tunnel = plane_.tunnels().find(lane);
  return tunnel == plane_.tunnels().end() ? 0 : static_cast<int>(::if_nametoindex(tunnel->second->name.c_str()));
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
  SaRecord* record = sad_.find(notice.key);
  if (record == nullptr || record->is_larval()) return;
  // As km_new_mapping(): another port is news whenever it comes.
  const uint64_t now = steady_seconds();
  const bool is_news = record->thresholds.mapping == 0 || notice.source.port != record->mapping_port || now - record->mapping_sent_at > record->thresholds.mapping;
  if (!is_news) return;
  record->mapping_port = notice.source.port;
  record->mapping_sent_at = now;
  send_mapping(*record, notice.source);
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
