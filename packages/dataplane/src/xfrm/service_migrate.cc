/**
 * MIGRATE (MOBIKE, RFC 4555): SAs and the templates of one policy move to other outer addresses. An SA keeps its SPI, keys,
 * sequence numbers and replay window, so nothing is lost or repeated; the kernel makes a copy and starts its counters anew.
 */
#include <algorithm>

#include "xfrm/service.h"

namespace xfrmd {
namespace {

constexpr size_t kMaxMoves = 6;  // XFRM_MAX_DEPTH

bool is_same_start(const xfrm_user_migrate& a, const xfrm_user_migrate& b) {
  return Address::from_xfrm(a.old_family, a.old_daddr) == Address::from_xfrm(b.old_family, b.old_daddr) &&
         Address::from_xfrm(a.old_family, a.old_saddr) == Address::from_xfrm(b.old_family, b.old_saddr) && a.proto == b.proto && a.mode == b.mode &&
         a.reqid == b.reqid && a.old_family == b.old_family;
}

std::vector<xfrm_user_migrate> parse_moves(const Attributes& attributes) {
  const Bytes value = attributes.get(XFRMA_MIGRATE);
  const size_t count = value.size() / sizeof(xfrm_user_migrate);
  if (count == 0 || count > kMaxMoves) throw Refusal::silent(EINVAL, "number of moves");
  std::vector<xfrm_user_migrate> moves;
  for (size_t i = 0; i < count; i++) {
    const auto move = load_raw<xfrm_user_migrate>(value.data() + i * sizeof(xfrm_user_migrate));
    if (Address::from_xfrm(move.new_family, move.new_daddr).is_any() || Address::from_xfrm(move.new_family, move.new_saddr).is_any())
      throw Refusal::silent(EINVAL, "move to no address");
    if (std::ranges::any_of(moves, [&](const auto& other) { return is_same_start(move, other); })) throw Refusal::silent(EINVAL, "same move twice");
    moves.push_back(move);
  }
  return moves;
}

bool leaves(const xfrm_user_migrate& move, const xfrm_usersa_info& info) {
  return info.mode == move.mode && info.id.proto == move.proto && (move.reqid == 0 || info.reqid == move.reqid) && info.family == move.old_family &&
         Address::from_xfrm(info.family, info.id.daddr) == Address::from_xfrm(info.family, move.old_daddr) &&
         Address::from_xfrm(info.family, info.saddr) == Address::from_xfrm(info.family, move.old_saddr);
}

/** Moves what fits; false when no template did. */
bool move_templates(std::vector<xfrm_user_tmpl>& templates, const std::vector<xfrm_user_migrate>& moves) {
  bool has_moved = false;
  for (auto& wanted : templates)
    for (const auto& move : moves) {
      const bool is_tunnel = wanted.mode == XFRM_MODE_TUNNEL || wanted.mode == XFRM_MODE_BEET;
      if (wanted.mode != move.mode || wanted.id.proto != move.proto || (move.reqid != 0 && wanted.reqid != move.reqid)) continue;
      if (is_tunnel && (wanted.family != move.old_family ||
                        Address::from_xfrm(wanted.family, wanted.id.daddr) != Address::from_xfrm(wanted.family, move.old_daddr) ||
                        Address::from_xfrm(wanted.family, wanted.saddr) != Address::from_xfrm(wanted.family, move.old_saddr)))
        continue;
      has_moved = true;
      if (!is_tunnel) continue;
      wanted.id.daddr = move.new_daddr;
      wanted.saddr = move.new_saddr;
      wanted.family = move.new_family;
    }
  return has_moved;
}

xfrm_usersa_info moved_info(xfrm_usersa_info info, const xfrm_user_migrate& move) {
  info.id.daddr = move.new_daddr;
  info.saddr = move.new_saddr;
  info.family = move.new_family;
  return info;
}

}  // namespace

void XfrmService::migrate(const NetlinkMessage& message) {
  const auto id = message.fixed<xfrm_userpolicy_id>();
  const Attributes attributes = Attributes::parse(message, sizeof id);
  if (!attributes.has(XFRMA_MIGRATE)) throw Refusal::silent(EINVAL, "MIGRATE without moves");
  attributes.require_only({XFRMA_MIGRATE, XFRMA_KMADDRESS, XFRMA_POLICY_TYPE, XFRMA_ENCAP, XFRMA_IF_ID});
  verify_policy_type(attributes);
  const auto moves = parse_moves(attributes);
  const auto encap = attributes.read<xfrm_encap_tmpl>(XFRMA_ENCAP);
  verify_encapsulation(encap);  // the kernel takes any; a port of zero would take the SA out of UDP here
  if (id.dir >= XFRM_POLICY_MAX) throw Refusal::silent(EINVAL, "unknown direction");
  const uint32_t if_id = read_if_id(attributes);
  PolicyRecord* policy = spd_.find_to_migrate(if_id, id.dir, id.sel);
  if (policy == nullptr) throw Refusal::silent(ENOENT, "no such policy");
  auto templates = policy->policy->templates;
  if (!move_templates(templates, moves)) throw Refusal::silent(ENODATA, "no template leaves from there");

  // All or nothing: what would stand in the way is looked for before anything moves.
  std::vector<std::pair<SaKey, const xfrm_user_migrate*>> departures;
  for (const auto& move : moves)
    for (const SaRecord* record : sad_.by_age()) {
      if (record->is_larval() || (if_id != 0 && record->if_id != if_id) || !leaves(move, record->info)) continue;
      const SaKey from = key_of(record->info), to = key_of(moved_info(record->info, move));
      if (from != to && sad_.find(to) != nullptr) throw Refusal::silent(ENODATA, "an SA is there already");
      departures.emplace_back(from, &move);
    }
  for (const auto& [key, move] : departures) move_sa(key, *move, encap);
  spd_.set_templates(*policy, std::move(templates));
  // The request itself is what other listeners are told (km_migrate).
  multicast(XFRMNLGRP_MIGRATE, MessageWriter(XFRM_MSG_MIGRATE, 0, 0, 0).raw(message.payload).finish());
}

void XfrmService::move_sa(const SaKey& key, const xfrm_user_migrate& move, const std::optional<xfrm_encap_tmpl>& encap) {
  const SaRecord& record = *sad_.find(key);
  const xfrm_usersa_info info = moved_info(record.info, move);
  sad_.move(key, info, encap ? encap : record.encap);
  apply_path_mtu(*record.sa);
  spd_.relink(record.lane());
  const OuterHeader& outer = *record.sa->outer.load();
  log_info("SA %08x moved to %s > %s", swap_if_little(info.id.spi), outer.source.text().c_str(), outer.destination.text().c_str());
}

}  // namespace xfrmd
