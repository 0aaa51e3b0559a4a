/** SAs and policies while the wall clock is set: what expires, what does not, and what XFRM messages say. Both clocks are the test's own. */
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "xfrm_requests.h"

using namespace requests;

namespace {

constexpr time_t kDay = 86400;
time_t wall = 1'800'000'000, steady = 10 * kDay;

}  // namespace

// In the place of the C library's, for the whole program.
extern "C" time_t time(time_t* out) noexcept {
  if (out != nullptr) *out = wall;
  return wall;
}
extern "C" int clock_gettime(clockid_t clock, timespec* out) noexcept {
  if (clock != CLOCK_BOOTTIME && clock != CLOCK_REALTIME) return static_cast<int>(::syscall(SYS_clock_gettime, clock, out));
  *out = {clock == CLOCK_BOOTTIME ? steady : wall, 0};
  return 0;
}

namespace {

const SaKey kKey{Address::from_xfrm(AF_INET, v4(kPeer)), swap_if_little(uint32_t{0x1234}), IPPROTO_ESP};

struct Fixture {
  DataPlane plane{1};
  XfrmService service{plane};
  RecordingPeer peer;
  Fixture() {
    peer.groups = 1u << (XFRMNLGRP_EXPIRE - 1);
    service.add_peer(peer);
  }
  ~Fixture() { plane.stop(); }

  int ask(const std::vector<uint8_t>& message) {
    peer.clear();
    service.handle(peer, message);
    return peer.last_error;
  }
  bool add_sa(void (*limit)(xfrm_lifetime_cfg&)) {
    xfrm_usersa_info info = sa_info(kUs, kPeer, 0x1234);
    limit(info.lft);
    return ask(new_sa(info)) == 0;
  }
  SaRecord& sa() { return *service.sad().find(kKey); }
  PolicyRecord* policy() { return service.spd().find({7, {}, XFRM_POLICY_OUT}, policy_info(XFRM_POLICY_OUT).sel); }

  /** Both clocks go on. Returns what was told. */
  std::vector<uint16_t> after(time_t seconds) {
    wall += seconds;
    steady += seconds;
    peer.clear();
    service.tick();
    return peer.types;
  }
  /** Somebody sets the clock. */
  std::vector<uint16_t> set_clock(time_t by) {
    wall += by;
    return after(0);
  }
};

const std::vector<uint16_t> kNothing, kExpire{XFRM_MSG_EXPIRE}, kPolicyExpire{XFRM_MSG_POLEXPIRE};

void lives_100_seconds(xfrm_lifetime_cfg& limits) {
  limits.soft_add_expires_seconds = 60;
  limits.hard_add_expires_seconds = 100;
}
void is_used_100_seconds(xfrm_lifetime_cfg& limits) {
  limits.soft_use_expires_seconds = 60;
  limits.hard_use_expires_seconds = 100;
}
void lives_for_ever(xfrm_lifetime_cfg&) {}

}  // namespace

TEST(an_sa_lives_as_long_as_it_was_given) {
  for (const time_t step : {kDay, -kDay, time_t{30}, time_t{-30}}) {
    Fixture f;
    CHECK(f.add_sa(lives_100_seconds));
    CHECK(f.set_clock(step) == kNothing);
    CHECK(f.after(59) == kNothing);
    CHECK(f.after(1) == kExpire);
    CHECK(f.set_clock(-step) == kNothing);
    CHECK(f.after(39) == kNothing);
    CHECK(f.after(1) == kExpire);
    CHECK(f.service.sad().find(kKey) == nullptr);
  }
}

TEST(an_sa_in_use_lives_as_long_as_it_was_given) {
  for (const time_t step : {kDay, -kDay, time_t{30}, time_t{-30}}) {
    Fixture f;
    CHECK(f.add_sa(is_used_100_seconds));
    CHECK(f.after(1000) == kNothing);  // from its first use, and there was none
    f.sa().sa->use.touch();
    CHECK(f.set_clock(step) == kNothing);
    f.sa().sa->use.touch();
    CHECK(f.after(59) == kNothing);
    CHECK(f.after(1) == kExpire);
    CHECK(f.set_clock(-step) == kNothing);
    CHECK(f.after(40) == kExpire);
    CHECK(f.service.sad().find(kKey) == nullptr);
  }
}

TEST(a_policy_in_use_stays) {
  for (const time_t step : {kDay, -kDay}) {
    Fixture f;
    xfrm_userpolicy_info info = policy_info(XFRM_POLICY_OUT);
    info.lft.hard_use_expires_seconds = 100;
    CHECK(f.ask(MessageWriter(XFRM_MSG_NEWPOLICY, NLM_F_REQUEST | NLM_F_ACK, 1, 0).fixed(info).attribute(XFRMA_IF_ID, uint32_t{7}).finish()) == 0);
    CHECK(f.after(99) == kNothing);
    f.policy()->policy->use.touch();
    CHECK(f.set_clock(step) == kNothing);
    CHECK(f.after(99) == kNothing);  // since its last use
    CHECK(f.after(1) == kPolicyExpire);
    CHECK(f.policy() == nullptr);
  }
}

TEST(ages_read_off_the_wall_clock_are_true_after_it_was_set) {
  Fixture f;
  CHECK(f.add_sa(lives_for_ever));
  CHECK(f.ask(new_policy(XFRM_POLICY_OUT, 0x1234)) == 0);
  f.after(5);
  f.sa().sa->use.touch();
  f.policy()->policy->use.touch();
  for (const time_t step : {time_t{0}, 3 * kDay, -kDay}) {
    f.set_clock(step);
    const auto age = [](uint64_t stamp) { return wall - static_cast<time_t>(stamp); };
    const xfrm_usersa_info shown = f.sa().current();
    CHECK(age(shown.curlft.use_time) - age(wall_of(f.sa().sa->use.last())) == 0);
    CHECK(age(shown.curlft.add_time) == age(shown.curlft.use_time) + 5);
    // charon takes this for its dead-peer detection.
    CHECK(age(f.policy()->current().curlft.use_time) == age(shown.curlft.use_time));
    CHECK(steady_of(shown.curlft.use_time) == f.sa().sa->use.last());
  }
}

TEST(an_sa_that_is_made_again_with_its_times_is_no_older) {
  Fixture f;
  CHECK(f.add_sa(lives_100_seconds));
  f.after(10);
  f.sa().sa->use.touch();
  f.set_clock(kDay);
  const xfrm_lifetime_cur times = f.sa().current_lifetime();  // as charon reads them when a peer moves
  f.after(2);
  f.service.sad().take(kKey);
  xfrm_usersa_info info = sa_info(kUs, kPeer, 0x1234);
  lives_100_seconds(info.lft);
  MessageWriter writer(XFRM_MSG_NEWSA, NLM_F_REQUEST | NLM_F_ACK, 1, 0);
  writer.fixed(info).attribute(XFRMA_LTIME_VAL, times);
  CHECK(f.ask(with_gcm(writer).finish()) == 0);
  CHECK(f.sa().added_steady == static_cast<uint64_t>(steady - 12));
  CHECK(f.sa().sa->use.first() == static_cast<uint64_t>(steady - 2));
}

TEST(a_clock_that_trembles_moves_no_time) {
  Fixture f;
  CHECK(f.add_sa(lives_for_ever));
  const uint64_t added = f.sa().current().curlft.add_time;
  wall += 1;  // the two clocks are not read at once
  CHECK(f.sa().current().curlft.add_time == added);
  wall -= 1;
  CHECK(f.sa().current().curlft.add_time == added);
}

RUN_TESTS
