/** The security policy database of the control thread. Publishes one ordered list per if_id and direction. */
#pragma once
#include <functional>
#include <map>
#include <memory>

#include "engine/tables.h"
#include "xfrm/policy_request.h"
#include "xfrm/sad.h"

namespace xfrmd {

struct PolicyRecord {
  xfrm_userpolicy_info info{};
  std::vector<uint8_t> echo;
  std::shared_ptr<Policy> policy;
  uint64_t added_steady = 0, added_wall = 0;
  int owner = 0;

  /** As asked, with use times; byte and packet counts are the SA's alone. */
  xfrm_userpolicy_info current() const;
};

class Spd {
 public:
  Spd(Tables& tables, Sad& sad) : tables_(tables), sad_(sad) {}

  /** Adds, or with `replaces` changes the one with the same direction, selector and if_id. @throws Refusal EEXIST */
  PolicyRecord& put(PolicyRequest request, bool replaces, int owner);
  PolicyRecord* find(uint32_t if_id, uint8_t direction, const xfrm_selector& selector);
  PolicyRecord* find_index(uint32_t if_id, uint8_t direction, uint32_t index);
  /** Removes and publishes. */
  void remove(const PolicyRecord& record);
  void remove_if(const std::function<bool(const PolicyRecord&)>& matches);

  /** Points the out policies of an if_id at their SAs again. Call before an SA of it is retired and after one came. */
  void relink(uint32_t if_id);

  void visit(const std::function<void(PolicyRecord&)>& visitor);
  size_t count(uint8_t direction) const;

 private:
  using Key = std::pair<uint32_t, uint8_t>;  // if_id, direction
  void publish(const Key& key);

  Tables& tables_;
  Sad& sad_;
  std::map<Key, std::vector<std::unique_ptr<PolicyRecord>>> records_;
  uint32_t next_index_ = 8;
};

}  // namespace xfrmd
