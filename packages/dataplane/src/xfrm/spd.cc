/** SPD operations. */
#include "xfrm/spd.h"

#include <algorithm>

#include "base/clock.h"

namespace xfrmd {
namespace {

/** The template an SA is looked for by: the only required one, if this engine can do what it asks. Optional ones need no SA. */
const xfrm_user_tmpl* required_template(const Policy& policy) {
  const xfrm_user_tmpl* found = nullptr;
  for (const auto& wanted : policy.templates) {
    if (wanted.optional != 0) continue;
    if (found != nullptr) return nullptr;
    found = &wanted;
  }
  const bool is_known = found != nullptr && (found->mode == XFRM_MODE_TUNNEL || found->mode == XFRM_MODE_TRANSPORT);
  return is_known && found->id.proto == IPPROTO_ESP ? found : nullptr;
}

/** `from` null: a policy that was not there. */
std::shared_ptr<Policy> make_policy(const PolicyName& name, const xfrm_userpolicy_info& info, std::vector<xfrm_user_tmpl> templates, const Policy* from) {
  auto policy = std::make_shared<Policy>();
  policy->if_id = name.lane();
  policy->index = info.index;
  policy->direction = info.dir;
  policy->priority = info.priority;
  policy->blocks = info.action == XFRM_POLICY_BLOCK;
  policy->selector = Selector(info.sel);
  policy->templates = std::move(templates);
  if (from != nullptr) policy->use.copy(from->use);
  return policy;
}

}  // namespace

xfrm_userpolicy_info PolicyRecord::current() const {
  xfrm_userpolicy_info now = info;
  now.curlft = {};
  now.curlft.add_time = wall_of(added_steady);
  // The kernel keeps the time of the last use here; charon's dead-peer detection reads it.
  now.curlft.use_time = wall_of(policy->use.last());
  return now;
}

template <class Matches>
PolicyRecord* Spd::find_in(const Key& key, Matches matches) {
  const auto list = records_.find(key);
  if (list == records_.end()) return nullptr;
  const auto found = std::ranges::find_if(list->second, [&](const auto& record) { return matches(*record); });
  return found == list->second.end() ? nullptr : found->get();
}

PolicyRecord* Spd::find(const PolicyName& name, const xfrm_selector& selector) {
  const Selector wanted(selector);
  return find_in({name.lane(), name.direction}, [&](const PolicyRecord& record) {
    return record.if_id == name.if_id && record.mark == name.mark && record.policy->selector == wanted;
  });
}

PolicyRecord* Spd::find_index(const PolicyName& name, uint32_t index) {
  return find_in({name.lane(), name.direction}, [&](const PolicyRecord& record) {
    return record.if_id == name.if_id && record.mark == name.mark && record.info.index == index;
  });
}

PolicyRecord* Spd::find_out(uint32_t lane, uint32_t index) {
  return find_in({lane, XFRM_POLICY_OUT}, [&](const PolicyRecord& record) { return record.info.index == index; });
}

PolicyRecord* Spd::find_to_migrate(uint32_t if_id, uint8_t direction, const xfrm_selector& selector) {
  constexpr uint8_t kAnyProtocol = 255;  // IPSEC_ULPROTO_ANY: addresses alone
  const auto is_meant = [&](const xfrm_selector& own) {
    if (selector.proto != kAnyProtocol) return Selector(own) == Selector(selector);
    return own.family == selector.family && own.prefixlen_s == selector.prefixlen_s && own.prefixlen_d == selector.prefixlen_d &&
           Address::from_xfrm(own.family, own.saddr) == Address::from_xfrm(own.family, selector.saddr) &&
           Address::from_xfrm(own.family, own.daddr) == Address::from_xfrm(own.family, selector.daddr);
  };
  for (const auto& [key, list] : records_)
    if (key.second == direction)
      for (const auto& record : list)
        if ((if_id == 0 || record->if_id == if_id) && is_meant(record->info.sel)) return record.get();
  return nullptr;
}

/** Counts in steps of eight with the direction in the low bits (the kernel's xfrm_gen_index). */
uint32_t Spd::choose_index(uint8_t direction, uint32_t asked) {
  constexpr uint32_t kStep = 8;
  uint32_t index = asked;
  while (index == 0 || !indexes_.insert(index).second) {
    index = next_index_ | direction;
    next_index_ += kStep;
    if (index == 0) index = kStep;
  }
  return index;
}

PolicyRecord& Spd::put(PolicyRequest request, bool replaces, int owner) {
  PolicyRecord* record = find(request.name, request.info.sel);
  if (record != nullptr && !replaces) throw Refusal::silent(EEXIST, "policy exists");
  const Key key{request.name.lane(), request.name.direction};
  List& list = records_[key];
  request.info.index = record != nullptr ? record->info.index : choose_index(request.info.dir, request.info.index);
  auto policy = make_policy(request.name, request.info, std::move(request.templates), record != nullptr ? record->policy.get() : nullptr);
  if (record == nullptr) {
    record = list.emplace_back(std::make_unique<PolicyRecord>()).get();
  } else {
    // A changed policy is a new one to the kernel: behind others of its priority.
    const auto at = std::ranges::find_if(list, [&](const auto& other) { return other.get() == record; });
    std::rotate(at, std::next(at), list.end());
  }
  record->info = request.info;
  record->if_id = request.name.if_id;
  record->mark = request.name.mark;
  record->added_steady = steady_seconds();
  record->is_soft_sent = false;
  record->is_elsewhere = request.is_elsewhere;
  record->owner = owner;
  record->age = next_age_++;
  record->policy = std::move(policy);
  if (request.info.dir == XFRM_POLICY_OUT) relink(key.first);
  publish(key);
  return *record;
}

void Spd::set_templates(PolicyRecord& record, std::vector<xfrm_user_tmpl> templates) {
  const PolicyName name = record.name();
  record.policy = make_policy(name, record.info, std::move(templates), record.policy.get());
  if (name.direction == XFRM_POLICY_OUT) relink(name.lane());
  publish({name.lane(), name.direction});
}

void Spd::remove(const PolicyRecord& record) {
  const Key key{record.name().lane(), record.info.dir};
  auto& list = records_[key];
  indexes_.erase(record.info.index);
  std::erase_if(list, [&](const auto& other) { return other.get() == &record; });
  publish(key);
  if (list.empty()) records_.erase(key);
}

size_t Spd::remove_if(const std::function<bool(const PolicyRecord&)>& matches) {
  size_t removed = 0;
  for (auto at = records_.begin(); at != records_.end();) {
    const size_t count = std::erase_if(at->second, [&](const auto& record) {
      if (!matches(*record)) return false;
      indexes_.erase(record->info.index);
      return true;
    });
    if (count > 0) publish(at->first);
    removed += count;
    at = at->second.empty() ? records_.erase(at) : std::next(at);
  }
  return removed;
}

void Spd::publish(const Key& key) {
  auto list = std::make_shared<PolicyList>();
  for (const auto& record : records_[key])
    if (!record->is_elsewhere) list->push_back(record->policy);
  std::ranges::stable_sort(*list, {}, [](const auto& policy) { return policy->priority; });
  tables_.publish_policies(key.first, key.second, std::move(list));
}

void Spd::relink(uint32_t lane) {
  const auto list = records_.find({lane, XFRM_POLICY_OUT});
  if (list == records_.end()) return;
  for (const auto& record : list->second) {
    Policy& policy = *record->policy;
    const xfrm_user_tmpl* wanted = policy.blocks ? nullptr : required_template(policy);
    Sa* sa = wanted != nullptr ? sad_.resolve(*wanted, policy.selector, lane) : nullptr;
    policy.sa.store(sa, std::memory_order_release);
    if (sa != nullptr) policy.acquire_again_at.store(0, std::memory_order_relaxed);
  }
}

std::vector<PolicyRecord*> Spd::by_age(const std::function<bool(const PolicyRecord&)>& matches) {
  std::vector<PolicyRecord*> sorted;
  for (const auto& [key, list] : records_)
    for (const auto& record : list)
      if (matches == nullptr || matches(*record)) sorted.push_back(record.get());
  std::ranges::sort(sorted, std::greater(), [](const PolicyRecord* record) { return record->age; });
  return sorted;
}

size_t Spd::count(uint8_t direction) const {
  size_t sum = 0;
  for (const auto& [key, list] : records_)
    if (key.second == direction) sum += list.size();
  return sum;
}

size_t Spd::size() const { return count(XFRM_POLICY_IN) + count(XFRM_POLICY_OUT) + count(XFRM_POLICY_FWD); }

}  // namespace xfrmd
