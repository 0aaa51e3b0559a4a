/** Attribute order as in net/xfrm/xfrm_user.c of Linux 6.1; readers must not care, comparisons with a kernel do. */
#include "xfrm/describe.h"

#include <utility>

#include "xfrm/replay_codec.h"

namespace xfrmd {
namespace {

void write_mark(MessageWriter& writer, const Mark& mark) {
  if (mark.is_set()) writer.attribute(XFRMA_MARK, xfrm_mark{mark.value, mark.mask});
}

void write_if_id(MessageWriter& writer, uint32_t if_id) {
  if (if_id != 0) writer.attribute(XFRMA_IF_ID, if_id);
}

void write_sa(MessageWriter& writer, const SaRecord& record) {
  if (record.extra_flags != 0) writer.attribute(XFRMA_SA_EXTRA_FLAGS, record.extra_flags);
  if (record.sa != nullptr && record.sa->use.last() != 0) writer.attribute(XFRMA_LASTUSED, wall_of(record.sa->use.last()));
  writer.raw(record.algorithms.view());
  if (record.encap) writer.attribute(XFRMA_ENCAP, *record.encap);
  write_mark(writer, record.mark);
  if (record.sa != nullptr)
    write_replay(writer, *record.sa, record.bitmap_words);
  else
    writer.attribute(XFRMA_REPLAY_VAL, xfrm_replay_state{});
  write_if_id(writer, record.if_id);
  if (record.thresholds.mapping != 0) writer.attribute(XFRMA_MTIMER_THRESH, record.thresholds.mapping);
}

void write_policy(MessageWriter& writer, const PolicyRecord& record) {
  const auto& templates = record.policy->templates;
  if (!templates.empty())
    writer.attribute_bytes(XFRMA_TMPL, {reinterpret_cast<const uint8_t*>(templates.data()), templates.size() * sizeof templates[0]});
  writer.attribute(XFRMA_POLICY_TYPE, xfrm_userpolicy_type{XFRM_POLICY_TYPE_MAIN, 0, 0});
  write_lane(writer, record.if_id, record.mark);
}

}  // namespace

void write_lane(MessageWriter& writer, uint32_t if_id, const Mark& mark) {
  write_mark(writer, mark);
  write_if_id(writer, if_id);
}

std::vector<uint8_t> describe_sa(const SaRecord& record, const Origin& origin, uint16_t flags, uint16_t type) {
  MessageWriter writer(type, flags, origin.sequence, origin.port_id);
  writer.fixed(record.current());
  write_sa(writer, record);
  return writer.finish();
}

std::vector<uint8_t> describe_deleted_sa(const SaRecord& record, const Origin& origin) {
  xfrm_usersa_id id{};
  id.daddr = record.info.id.daddr;
  id.spi = record.info.id.spi;
  id.family = record.info.family;
  id.proto = record.info.id.proto;
  MessageWriter writer(XFRM_MSG_DELSA, 0, origin.sequence, origin.port_id);
  writer.fixed(id).attribute(XFRMA_SA, record.current());
  write_sa(writer, record);
  return writer.finish();
}

std::vector<uint8_t> describe_policy(const PolicyRecord& record, const Origin& origin, uint16_t flags, uint16_t type) {
  MessageWriter writer(type, flags, origin.sequence, origin.port_id);
  writer.fixed(record.current());
  write_policy(writer, record);
  return writer.finish();
}

std::vector<uint8_t> describe_deleted_policy(const PolicyRecord& record, bool by_index, const Origin& origin) {
  xfrm_userpolicy_id id{};
  id.dir = record.info.dir;
  if (by_index)
    id.index = record.info.index;
  else
    id.sel = record.info.sel;
  MessageWriter writer(XFRM_MSG_DELPOLICY, 0, origin.sequence, origin.port_id);
  writer.fixed(id).attribute(XFRMA_POLICY, record.current());
  write_policy(writer, record);
  return writer.finish();
}

std::vector<uint8_t> describe_expired_policy(const PolicyRecord& record, bool is_hard, const Origin& origin) {
  xfrm_user_polexpire event{};
  event.pol = record.current();
  event.hard = is_hard ? 1 : 0;
  MessageWriter writer(XFRM_MSG_POLEXPIRE, 0, 0, origin.port_id);
  writer.fixed(event);
  write_policy(writer, record);
  return writer.finish();
}

std::vector<uint8_t> describe_counters(const SaRecord& record, uint32_t flags, const Origin& origin) {
  xfrm_aevent_id id{};
  id.sa_id.daddr = record.info.id.daddr;
  id.sa_id.spi = record.info.id.spi;
  id.sa_id.family = record.info.family;
  id.sa_id.proto = record.info.id.proto;
  id.saddr = record.info.saddr;
  id.flags = flags;
  id.reqid = record.info.reqid;
  MessageWriter writer(XFRM_MSG_NEWAE, 0, origin.sequence, origin.port_id);
  writer.fixed(id);
  if (record.sa != nullptr)
    write_replay(writer, *record.sa, record.bitmap_words);
  else
    writer.attribute(XFRMA_REPLAY_VAL, xfrm_replay_state{});
  writer.attribute(XFRMA_LTIME_VAL, record.current_lifetime());
  if ((flags & XFRM_AE_RTHR) != 0) writer.attribute(XFRMA_REPLAY_THRESH, record.thresholds.replay);
  if ((flags & XFRM_AE_ETHR) != 0) writer.attribute(XFRMA_ETIMER_THRESH, record.thresholds.timer);
  write_lane(writer, record.if_id, record.mark);
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
