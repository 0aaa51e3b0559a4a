/** SPD operations. */
#include "xfrm/spd.h"

#include <algorithm>

#include "base/clock.h"

namespace xfrmd {

xfrm_userpolicy_info PolicyRecord::current() const {
  xfrm_userpolicy_info now = info;
  now.curlft = {};
  now.curlft.add_time = added_wall;
  // The kernel keeps the time of the last use here; charon's dead-peer detection reads it.
  now.curlft.use_time = policy->last_used.load(std::memory_order_relaxed);
  return now;
}

PolicyRecord* Spd::find(uint32_t if_id, uint8_t direction, const xfrm_selector& selector) {
  const auto list = records_.find({if_id, direction});
  if (list == records_.end()) return nullptr;
  const Selector wanted(selector);
  const auto found = std::ranges::find_if(list->second, [&](const auto& record) { return record->policy->selector == wanted; });
  return found == list->second.end() ? nullptr : found->get();
}

PolicyRecord* Spd::find_index(uint32_t if_id, uint8_t direction, uint32_t index) {
  const auto list = records_.find({if_id, direction});
  if (list == records_.end()) return nullptr;
  const auto found = std::ranges::find_if(list->second, [&](const auto& record) { return record->policy->index == index; });
  return found == list->second.end() ? nullptr : found->get();
}

PolicyRecord& Spd::put(PolicyRequest request, bool replaces, int owner) {
  PolicyRecord* record = find(request.if_id, request.info.dir, request.info.sel);
  if (record != nullptr && !replaces) throw Refusal(EEXIST, "policy exists");
  const Key key{request.if_id, request.info.dir};
  auto policy = std::make_shared<Policy>();
  policy->if_id = request.if_id;
  policy->direction = request.info.dir;
  policy->priority = request.info.priority;
  policy->blocks = request.info.action == XFRM_POLICY_BLOCK;
  policy->selector = Selector(request.info.sel);
  policy->templates = std::move(request.templates);
  if (record == nullptr) {
    record = records_[key].emplace_back(std::make_unique<PolicyRecord>()).get();
    policy->index = request.info.index != 0 ? request.info.index : next_index_ | request.info.dir;
    next_index_ += 8;
  } else {
    policy->index = record->policy->index;
    policy->first_used.store(record->policy->first_used.load(std::memory_order_relaxed), std::memory_order_relaxed);
    policy->last_used.store(record->policy->last_used.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  record->info = request.info;
  record->info.index = policy->index;
  record->echo = std::move(request.echo);
  record->added_wall = wall_seconds();
  record->added_steady = steady_seconds();
  record->owner = owner;
  record->policy = std::move(policy);
  if (request.info.dir == XFRM_POLICY_OUT) relink(request.if_id);
  publish(key);
  return *record;
}

void Spd::remove(const PolicyRecord& record) {
  const Key key{record.policy->if_id, record.policy->direction};
  auto& list = records_[key];
  std::erase_if(list, [&](const auto& other) { return other.get() == &record; });
  publish(key);
  if (list.empty()) records_.erase(key);
}

void Spd::remove_if(const std::function<bool(const PolicyRecord&)>& matches) {
  for (auto at = records_.begin(); at != records_.end();) {
    if (std::erase_if(at->second, [&](const auto& record) { return matches(*record); }) > 0) publish(at->first);
    at = at->second.empty() ? records_.erase(at) : std::next(at);
  }
}

void Spd::publish(const Key& key) {
  auto list = std::make_shared<PolicyList>();
  for (const auto& record : records_[key]) list->push_back(record->policy);
  std::ranges::stable_sort(*list, {}, [](const auto& policy) { return policy->priority; });
  tables_.publish_policies(key.first, key.second, std::move(list));
}

void Spd::relink(uint32_t if_id) {
  const auto list = records_.find({if_id, XFRM_POLICY_OUT});
  if (list == records_.end()) return;
  for (const auto& record : list->second) {
    Policy& policy = *record->policy;
    const bool is_plain_esp = policy.templates.size() == 1 && policy.templates[0].id.proto == IPPROTO_ESP && policy.templates[0].mode == XFRM_MODE_TUNNEL;
    Sa* sa = is_plain_esp && !policy.blocks ? sad_.resolve(policy.templates[0], if_id) : nullptr;
    policy.sa.store(sa, std::memory_order_release);
    if (sa != nullptr) policy.acquire_again_at.store(0, std::memory_order_relaxed);
  }
}

void Spd::visit(const std::function<void(PolicyRecord&)>& visitor) {
  for (const auto& [key, list] : records_)
    for (const auto& record : list) visitor(*record);
}

size_t Spd::count(uint8_t direction) const {
  size_t sum = 0;
  for (const auto& [key, list] : records_)
    if (key.second == direction) sum += list.size();
  return sum;
}

}  // namespace xfrmd
