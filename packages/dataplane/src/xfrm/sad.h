/** The security association database of the control thread: what was asked, who asked, and the live SA of each entry. */
#pragma once
#include <map>
#include <memory>
#include <unordered_map>

#include "engine/tables.h"
#include "xfrm/former_sas.h"
#include "xfrm/sa_request.h"

namespace xfrmd {

struct SaRecord;

/** What the last NEWAE about an SA said, or what was there before the first. */
struct Told {
  uint64_t sent = 0, received = 0, at = 0;

  static Told of(const SaRecord& record, uint64_t now);
  /** XFRM_AE_CR or XFRM_AE_CE when another is due, otherwise 0. */
  uint32_t due(const SaRecord& record, uint64_t now) const;
};

struct SaRecord {
  xfrm_usersa_info info{};
  uint32_t if_id = 0, extra_flags = 0;
  Mark mark;
  std::optional<xfrm_encap_tmpl> encap;
  SecretBytes algorithms;
  EventThresholds thresholds;
  Told told;
  uint16_t mapping_port = 0;  // of the last MAPPING
  uint64_t mapping_sent_at = 0;
  uint32_t bitmap_words = 0;
  std::shared_ptr<Sa> sa;  // absent while larval: an SPI was allotted, keys have not come
  uint64_t added_steady = 0;
  bool is_soft_sent = false;
  int owner = 0;     // process that made it
  uint64_t age = 0;  // counts installations: larger is newer

  bool is_larval() const { return sa == nullptr; }
  uint32_t lane() const { return lane_of(if_id, mark); }
  /** The request as it stands now: counters, use times, statistics. */
  xfrm_usersa_info current() const;
  xfrm_lifetime_cur current_lifetime() const;
};

class Sad {
 public:
  explicit Sad(Tables& tables) : tables_(tables) {}

  SaRecord* find(const SaKey& key);
  /** The same when its mark answers to `mark`, as the kernel's xfrm_state_lookup. */
  SaRecord* find(const SaKey& key, const Mark& mark);
  /** Reserves an SPI of [low, high]; nothing when none is free. `info` gets the SPI. */
  SaRecord* allot(xfrm_usersa_info info, uint32_t if_id, const Mark& mark, uint32_t low, uint32_t high, int owner);
  /** Publishes to the workers; replaces a larval entry. @throws Refusal when the transform can't be made */
  SaRecord& install(SaRequest request, int owner);
  /** UPDSA of an SA that stays, as xfrm_state_update: lifetimes and the ports of its encapsulation. @throws Refusal EINVAL */
  void update(SaRecord& record, const SaRequest& request);
  /** NEWAE: counters and thresholds of an SA that stays. @throws Refusal EINVAL */
  void set_counters(SaRecord& record, const Attributes& attributes);
  /** Gives the SA other outer addresses and ports; keys, counters and window go on. False when the new key is taken. */
  bool move(const SaKey& key, const xfrm_usersa_info& to, const std::optional<xfrm_encap_tmpl>& encap);
  /**
   * Takes the entry out of all tables and returns its SA (none when larval or absent). The caller makes sure that no policy
   * points at it any more and only then retires it.
   */
  std::shared_ptr<Sa> take(const SaKey& key);

  /** The SA the template of an out policy with this selector points at: by SPI when it has one, otherwise the newest that fits. */
  Sa* resolve(const xfrm_user_tmpl& wanted, const Selector& selector, uint32_t lane);
  /** Forgets the numbers of SAs that were not made again; call about once a second. */
  void tick(uint64_t now) { former_.expire(now); }

  using Map = std::unordered_map<SaKey, SaRecord, SaKeyHash>;
  Map& all() { return records_; }
  /** Newest first, the order of the kernel's dumps. */
  std::vector<const SaRecord*> by_age() const;

 private:
  SaRecord& add(const SaKey& key, uint64_t age);

  Tables& tables_;
  Map records_;
  std::map<uint32_t, std::map<uint64_t, const SaRecord*>> by_lane_;  // lane, age; records stay where they are in the map
  FormerSas former_;
  uint64_t next_age_ = 1;
};

SaKey key_of(const xfrm_usersa_info& info);

}  // namespace xfrmd
