/** SAD operations. */
#include "xfrm/sad.h"

#include <sys/random.h>

#include "base/clock.h"

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

}  // namespace

SaKey key_of(const xfrm_usersa_info& info) { return {Address::from_xfrm(info.family, info.id.daddr), info.id.spi, info.id.proto}; }

xfrm_lifetime_cur SaRecord::current_lifetime() const {
  xfrm_lifetime_cur now{};
  now.add_time = added_wall;
  if (sa != nullptr) {
    now.bytes = sa->bytes.get();
    now.packets = sa->packets.get();
    now.use_time = sa->first_used.get();
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

SaRecord* Sad::find(const SaKey& key) {
  const auto found = records_.find(key);
  return found == records_.end() ? nullptr : &found->second;
}

SaRecord* Sad::allot(xfrm_usersa_info info, uint32_t if_id, uint32_t low, uint32_t high, int owner) {
  uint32_t candidate = random_between(low, high);
  for (uint64_t tried = 0; tried <= uint64_t{high} - low + kSpiDraws; tried++) {
    info.id.spi = swap_if_little(candidate);
    if (find(key_of(info)) == nullptr) {
      SaRecord& record = records_[key_of(info)];
      record.info = info;
      record.if_id = if_id;
      record.added_steady = steady_seconds();
      record.added_wall = wall_seconds();
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
  sa->last_sent.store(request.replay.sent, std::memory_order_relaxed);
  sa->replay.restore(request.replay.received);
  for (const uint64_t number : request.replay.seen) sa->replay.restore_mark(number);

  take(request.key());  // the larval entry
  SaRecord& record = records_[request.key()];
  record.info = request.info;
  record.if_id = request.if_id;
  record.echo = std::move(request.echo);
  record.uses_esn_replay = request.replay.window > 32 || sa->extended();
  record.added_wall = wall_seconds();
  record.added_steady = steady_seconds();
  record.owner = owner;
  if (request.lifetime) {
    sa->bytes.set(request.lifetime->bytes);
    sa->packets.set(request.lifetime->packets);
    sa->first_used.set(request.lifetime->use_time);
    const uint64_t age = record.added_wall > request.lifetime->add_time ? record.added_wall - request.lifetime->add_time : 0;
    if (request.lifetime->add_time != 0 && age <= record.added_steady) {
      record.added_wall -= age;
      record.added_steady -= age;
    }
  }
  record.sa = std::move(sa);
  record.age = next_age_++;
  by_interface_[record.if_id].emplace(record.age, &record);
  tables_.publish_sa(*record.sa);
  return record;
}

void Sad::update(SaRecord& record, const SaRequest& request) {
  record.info.lft = request.info.lft;
  record.info.saddr = request.info.saddr;
  record.is_soft_sent = false;
  record.sa->is_soft_reported.store(false, std::memory_order_relaxed);
  set_limits(*record.sa, request.info.lft);
  tables_.replace_outer(*record.sa, request.outer());
}

std::shared_ptr<Sa> Sad::take(const SaKey& key) {
  const auto found = records_.find(key);
  if (found == records_.end()) return nullptr;
  SaRecord& record = found->second;
  std::shared_ptr<Sa> sa = std::move(record.sa);
  if (sa != nullptr) {
    const auto interface = by_interface_.find(record.if_id);
    interface->second.erase(record.age);
    if (interface->second.empty()) by_interface_.erase(interface);
    tables_.unpublish_sa(*sa);
  }
  records_.erase(found);
  return sa;
}

Sa* Sad::resolve(const xfrm_user_tmpl& wanted, uint32_t if_id) {
  const SaKey key{Address::from_xfrm(wanted.family, wanted.id.daddr), wanted.id.spi, wanted.id.proto};
  const auto fits = [&](const SaRecord& record) { return record.if_id == if_id && (wanted.reqid == 0 || record.info.reqid == wanted.reqid); };
  if (wanted.id.spi != 0) {
    SaRecord* record = find(key);
    return record != nullptr && !record->is_larval() && fits(*record) ? record->sa.get() : nullptr;
  }
  const auto interface = by_interface_.find(if_id);
  if (interface == by_interface_.end()) return nullptr;
  for (auto at = interface->second.rbegin(); at != interface->second.rend(); ++at) {
    const SaRecord& record = *at->second;
    if (fits(record) && record.sa->config.key.destination == key.destination && record.info.id.proto == wanted.id.proto) return record.sa.get();
  }
  return nullptr;
}

}  // namespace xfrmd
