/** The security policy database of the control thread. Publishes one ordered list per lane (if_id or mark) and direction. */
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "engine/tables.h"
#include "xfrm/policy_request.h"
#include "xfrm/sad.h"

namespace xfrmd {

struct PolicyRecord {
  xfrm_userpolicy_info info{};
  uint32_t if_id = 0;
  Mark mark;
  std::shared_ptr<Policy> policy;
  uint64_t added_steady = 0;
  bool is_soft_sent = false;
  bool is_elsewhere = false;  // PolicyRequest::is_elsewhere: shown, but workers never see it
  int owner = 0;
  uint64_t age = 0;  // counts changes: larger is newer

  PolicyName name() const { return {if_id, mark, info.dir}; }
  /** As asked, with use times; byte and packet counts are the SA's alone. */
  xfrm_userpolicy_info current() const;
};

class Spd {
 public:
  Spd(Tables& tables, Sad& sad) : tables_(tables), sad_(sad) {}

  /** Adds, or with `replaces` changes the one with the same name and selector. @throws Refusal EEXIST */
  PolicyRecord& put(PolicyRequest request, bool replaces, int owner);
  PolicyRecord* find(const PolicyName& name, const xfrm_selector& selector);
  PolicyRecord* find_index(const PolicyName& name, uint32_t index);
  /** By what a worker knows of it. */
  PolicyRecord* find_out(uint32_t lane, uint32_t index);
  /** Whatever mark it has; `if_id` zero for any: MIGRATE's way (xfrm_migrate_policy_find). */
  PolicyRecord* find_to_migrate(uint32_t if_id, uint8_t direction, const xfrm_selector& selector);
  /** Gives a policy other templates; it stays where it is. */
  void set_templates(PolicyRecord& record, std::vector<xfrm_user_tmpl> templates);
  /** Removes and publishes. */
  void remove(const PolicyRecord& record);
  /** Number removed. */
  size_t remove_if(const std::function<bool(const PolicyRecord&)>& matches);

  /** Points the out policies of a lane at their SAs again. Call before an SA of it is retired and after one came. */
  void relink(uint32_t lane);

  /** Newest first, the order of the kernel's dumps; all, or those that match. */
  std::vector<PolicyRecord*> by_age(const std::function<bool(const PolicyRecord&)>& matches = nullptr);
  size_t count(uint8_t direction) const;
  size_t size() const;

 private:
  using Key = std::pair<uint32_t, uint8_t>;  // lane, direction
  using List = std::vector<std::unique_ptr<PolicyRecord>>;
  template <class Matches>
  PolicyRecord* find_in(const Key& key, Matches matches);
  uint32_t choose_index(uint8_t direction, uint32_t asked);
  void publish(const Key& key);

  Tables& tables_;
  Sad& sad_;
  std::map<Key, List> records_;
  std::set<uint32_t> indexes_;
  uint32_t next_index_ = 0;
  uint64_t next_age_ = 1;
};

}  // namespace xfrmd
