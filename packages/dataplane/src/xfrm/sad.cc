/** SAD operations. */
#include "xfrm/sad.h"

#include <sys/random.h>

#include <algorithm>

#include "base/clock.h"
#include "xfrm/replay_codec.h"

namespace xfrmd {
namespace {

// Random draws before a range is walked from one end: enough for any range that is not nearly full.
constexpr int kSpiDraws = 64;

uint32_t random_between(uint32_t low, uint32_t high) {
  uint64_t draw = 0;
  if (::getrandom(&draw, sizeof draw, 0) != sizeof draw) throw Refusal(EAGAIN, "no randomness");
  return static_cast<uint32_t>(low + draw % (uint64_t{high} - low + 1));
}

/** XFRM_INF is UINT64_MAX: never reached. */
void set_limits(Sa& sa, const xfrm_lifetime_cfg& config) {
  sa.lifetime.soft_bytes.store(config.soft_byte_limit, std::memory_order_relaxed);
  sa.lifetime.hard_bytes.store(config.hard_byte_limit, std::memory_order_relaxed);
  sa.lifetime.soft_packets.store(config.soft_packet_limit, std::memory_order_relaxed);
  sa.lifetime.hard_packets.store(config.hard_packet_limit, std::memory_order_relaxed);
}

/** Counters that another engine had; the age follows from when the SA was added there. */
void set_lifetime(SaRecord& record, const xfrm_lifetime_cur& lifetime) {
  record.sa->bytes.set(lifetime.bytes);
  record.sa->packets.set(lifetime.packets);
  // What is in the future or before this machine started is not believed.
  const uint64_t now = steady_seconds(), used = steady_of(lifetime.use_time), added = steady_of(lifetime.add_time);
  record.sa->use.set_first(lifetime.use_time == 0 || used <= now ? used : now);
  if (lifetime.add_time != 0 && added <= now) record.added_steady = added;
}

/**
 * Where the SA of a template ends. In transport mode that is the packet's own destination, as in the kernel, whatever the template says
 * (charon leaves it open): known here when the policy is about one host. Otherwise any, and each packet is held against the SA it finds.
 */
Address destination_of(const xfrm_user_tmpl& wanted, const xfrm_selector& selector) {
  if (wanted.mode != XFRM_MODE_TRANSPORT) return Address::from_xfrm(wanted.family, wanted.id.daddr);
  const bool is_one_host = selector.prefixlen_d == (selector.family == AF_INET ? 32 : 128);
  return Address::from_xfrm(wanted.family, is_one_host ? selector.daddr : xfrm_address_t{});
}

}  // namespace

SaKey key_of(const xfrm_usersa_info& info) { return {Address::from_xfrm(info.family, info.id.daddr), info.id.spi, info.id.proto}; }

xfrm_lifetime_cur SaRecord::current_lifetime() const {
  xfrm_lifetime_cur now{};
  now.add_time = wall_of(added_steady);
  if (sa != nullptr) {
    now.bytes = sa->bytes.get();
    now.packets = sa->packets.get();
    now.use_time = wall_of(sa->use.first());
  }
  return now;
}

xfrm_usersa_info SaRecord::current() const {
  xfrm_usersa_info now = info;
  now.curlft = current_lifetime();
  if (sa != nullptr) {
    now.stats.replay = static_cast<uint32_t>(sa->replay_drops.get());
    now.stats.integrity_failed = static_cast<uint32_t>(sa->integrity_drops.get());
  }
  return now;
}

Told Told::of(const SaRecord& record, uint64_t now) { return {record.sa->last_sent.load(std::memory_order_relaxed), record.sa->replay.top(), now}; }

uint32_t Told::due(const SaRecord& record, uint64_t now) const {
  const Told current = of(record, now);
  const uint64_t steps = std::max(current.sent - sent, current.received - received);
  if (steps == 0) return 0;
  if (steps >= std::max(record.thresholds.replay, 1u)) return XFRM_AE_CR;
  constexpr uint64_t kTenths = 10;
  return record.thresholds.timer != 0 && (now - at) * kTenths >= record.thresholds.timer ? uint32_t{XFRM_AE_CE} : 0;
}

SaRecord* Sad::find(const SaKey& key) {
  const auto found = records_.find(key);
  return found == records_.end() ? nullptr : &found->second;
}

SaRecord* Sad::find(const SaKey& key, const Mark& mark) {
  SaRecord* record = find(key);
  return record != nullptr && record->mark.matches(mark.wanted()) ? record : nullptr;
}

SaRecord& Sad::add(const SaKey& key, uint64_t age) {
  SaRecord& record = records_[key];
  record.age = age;
  record.added_steady = steady_seconds();
  return record;
}

SaRecord* Sad::allot(xfrm_usersa_info info, uint32_t if_id, const Mark& mark, uint32_t low, uint32_t high, int owner) {
  uint32_t candidate = random_between(low, high);
  for (uint64_t tried = 0; tried <= uint64_t{high} - low + kSpiDraws; tried++) {
    info.id.spi = swap_if_little(candidate);
    if (find(key_of(info)) == nullptr) {
      SaRecord& record = add(key_of(info), next_age_++);
      record.info = info;
      record.if_id = if_id;
      record.mark = mark;
      record.owner = owner;
      return &record;
    }
    candidate = tried < kSpiDraws ? random_between(low, high) : candidate == high ? low : candidate + 1;
  }
  return nullptr;
}

SaRecord& Sad::install(SaRequest request, int owner) {
  auto transform = Transform::make(std::move(request.keys), (request.info.flags & XFRM_STATE_ESN) != 0);
  if (transform == nullptr) throw Refusal(ENOSYS, "OpenSSL does not have the algorithm");
  auto sa = std::make_shared<Sa>(request.config(), request.outer(), std::move(transform));
  set_limits(*sa, request.info.lft);
  const uint64_t sent = std::max(request.replay.sent, former_.last_sent(request.info.id.spi, request.algorithms));
  sa->last_sent.store(sent, std::memory_order_relaxed);
  sa->replay.restore(request.replay.received);
  for (const uint64_t number : request.replay.seen) sa->replay.restore_mark(number);

  take(request.key());  // the larval entry
  SaRecord& record = add(request.key(), next_age_++);
  record.info = request.info;
  record.if_id = request.if_id;
  record.mark = request.mark;
  record.extra_flags = request.extra_flags;
  record.encap = request.encap;
  record.algorithms = std::move(request.algorithms);
  record.thresholds = request.thresholds;
  record.bitmap_words = request.replay.bitmap_words;
  record.owner = owner;
  record.sa = std::move(sa);
  if (request.lifetime) set_lifetime(record, *request.lifetime);
  record.told = Told::of(record, record.added_steady);
  by_lane_[record.lane()].emplace(record.age, &record);
  tables_.publish_sa(*record.sa);
  return record;
}

void Sad::update(SaRecord& record, const SaRequest& request) {
  if (record.encap.has_value() != request.encap.has_value()) throw Refusal::silent(EINVAL, "UDP encapsulation can't come or go");
  if (request.if_id != 0 && request.if_id != record.if_id) throw Refusal(EOPNOTSUPP, "An SA can't change its if_id");
  record.info.lft = request.info.lft;
  record.encap = request.encap;
  record.is_soft_sent = false;
  record.sa->is_soft_reported.store(false, std::memory_order_relaxed);
  set_limits(*record.sa, request.info.lft);
  tables_.replace_outer(*record.sa, SaRequest::outer_of(record.info, record.encap));
}

void Sad::set_counters(SaRecord& record, const Attributes& attributes) {
  Sa& sa = *record.sa;
  if (attributes.has(record.bitmap_words != 0 ? XFRMA_REPLAY_ESN_VAL : XFRMA_REPLAY_VAL)) {
    const ReplayState state = parse_replay_update(record.info, record.bitmap_words, sa.replay.size(), attributes);
    // Never back: a number that was used once must not be used again, whoever asks.
    if (state.sent > sa.last_sent.load(std::memory_order_relaxed)) sa.last_sent.store(state.sent, std::memory_order_relaxed);
    sa.replay.reset(state.received);
    for (const uint64_t number : state.seen) sa.replay.restore_mark(number);
  }
  if (const auto lifetime = attributes.read<xfrm_lifetime_cur>(XFRMA_LTIME_VAL)) set_lifetime(record, *lifetime);
  if (const auto timer = attributes.read<uint32_t>(XFRMA_ETIMER_THRESH)) record.thresholds.timer = *timer;
  if (const auto steps = attributes.read<uint32_t>(XFRMA_REPLAY_THRESH)) record.thresholds.replay = *steps;
  if (const auto mapping = attributes.read<uint32_t>(XFRMA_MTIMER_THRESH)) record.thresholds.mapping = *mapping;
}

bool Sad::move(const SaKey& key, const xfrm_usersa_info& to, const std::optional<xfrm_encap_tmpl>& encap) {
  const SaKey moved = key_of(to);
  if (moved != key && records_.contains(moved)) return false;
  auto node = records_.extract(key);
  SaRecord& record = node.mapped();
  record.info = to;
  record.encap = encap;
  tables_.move_sa(*record.sa, SaRequest::outer_of(to, encap));
  node.key() = moved;
  records_.insert(std::move(node));  // the record stays where it is in memory
  return true;
}

std::shared_ptr<Sa> Sad::take(const SaKey& key) {
  const auto found = records_.find(key);
  if (found == records_.end()) return nullptr;
  SaRecord& record = found->second;
  std::shared_ptr<Sa> sa = std::move(record.sa);
  if (sa != nullptr) {
    const auto lane = by_lane_.find(record.lane());
    lane->second.erase(record.age);
    if (lane->second.empty()) by_lane_.erase(lane);
    tables_.unpublish_sa(*sa);
    former_.add(record.info.id.spi, std::move(record.algorithms), sa, steady_seconds());
  }
  records_.erase(found);
  return sa;
}

Sa* Sad::resolve(const xfrm_user_tmpl& wanted, const Selector& selector, uint32_t lane) {
  const Address destination = destination_of(wanted, selector.raw());
  const auto fits = [&](const SaRecord& record) {
    return record.info.id.proto == wanted.id.proto && record.info.mode == wanted.mode && (wanted.reqid == 0 || record.info.reqid == wanted.reqid) &&
           (wanted.id.spi == 0 || record.info.id.spi == wanted.id.spi);
  };
  if (wanted.id.spi != 0 && !destination.is_any()) {
    SaRecord* record = find({destination, wanted.id.spi, wanted.id.proto});
    return record != nullptr && !record->is_larval() && record->lane() == lane && fits(*record) ? record->sa.get() : nullptr;
  }
  const bool is_open = wanted.mode == XFRM_MODE_TRANSPORT && destination.is_any();
  const auto candidates = by_lane_.find(lane);
  if (candidates == by_lane_.end()) return nullptr;
  for (auto at = candidates->second.rbegin(); at != candidates->second.rend(); ++at) {
    const SaRecord& record = *at->second;
    if (fits(record) && (is_open || key_of(record.info).destination == destination)) return record.sa.get();
  }
  return nullptr;
}

std::vector<const SaRecord*> Sad::by_age() const {
  std::vector<const SaRecord*> sorted;
  sorted.reserve(records_.size());
  for (const auto& [key, record] : records_) sorted.push_back(&record);
  std::ranges::sort(sorted, std::greater(), [](const SaRecord* record) { return record->age; });
  return sorted;
}

}  // namespace xfrmd
