/** Replay window: order, duplicates, edges, ESN wrap; against a set-based model. */
#include <set>

#include "check.h"
#include "esp/replay.h"

using xfrmd::ReplayWindow;

namespace {

bool take(ReplayWindow& window, uint64_t sequence) {
  if (!window.is_fresh(sequence)) return false;
  window.mark(sequence);
  return true;
}

}  // namespace

TEST(refuses_zero_and_duplicates) {
  ReplayWindow window(32, false);
  CHECK(!window.is_fresh(0));
  CHECK(take(window, 1));
  CHECK(!take(window, 1));
  CHECK(take(window, 5));
  CHECK(take(window, 3));
  CHECK(!take(window, 3));
}

TEST(edge_of_the_window) {
  for (const uint32_t size : {32u, 64u, 100u, 128u, 1000u, 4096u}) {
    ReplayWindow window(size, false);
    CHECK(take(window, 10'000));
    CHECK(window.is_fresh(10'000 - size + 1));
    CHECK(!window.is_fresh(10'000 - size));
  }
}

TEST(off_takes_everything) {
  ReplayWindow window(0, false);
  for (const uint64_t sequence : {5u, 5u, 1u, 0u, 100'000u, 2u}) CHECK(take(window, sequence));
  CHECK(window.top() == 100'000);
}

TEST(agrees_with_a_model) {
  for (const uint32_t size : {32u, 64u, 511u, 4096u}) {
    ReplayWindow window(size, false);
    std::set<uint64_t> seen;
    uint64_t top = 0, state = size;
    for (int i = 0; i < 60'000; i++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      const uint64_t random = state >> 33;
      const uint64_t jump = random % 97 == 0 ? random % 9000 : random % 5;
      const uint64_t sequence = random % 3 == 0 && top > 5000 ? top - random % 5000 : top + jump;
      const bool expected = sequence != 0 && (sequence > top || (top - sequence < size && !seen.contains(sequence)));
      CHECK(take(window, sequence) == expected);
      if (expected) seen.insert(sequence);
      top = std::max(top, expected ? sequence : 0);
    }
  }
}

TEST(esn_infers_the_high_half) {
  ReplayWindow window(64, true);
  CHECK(window.resolve(1) == 1u);
  window.mark(0xffff'fff0);
  CHECK(window.resolve(0xffff'fff5) == 0xffff'fff5u);
  CHECK(window.resolve(3) == 0x1'0000'0003u);  // wrapped
  window.mark(0x1'0000'0003);
  CHECK(window.resolve(0xffff'fffe) == 0xffff'fffeu);  // late, still in the window
  CHECK(window.is_fresh(0xffff'fffe));
  CHECK(window.resolve(100) == 0x1'0000'0064u);
}

TEST(esn_has_no_number_before_the_first) {
  ReplayWindow window(64, true);
  window.mark(10);
  CHECK(!window.resolve(0xffff'fff0).has_value());
}

TEST(restored_state_is_kept) {
  ReplayWindow window(64, false);
  window.restore(100);
  window.restore_mark(99);
  CHECK(!window.is_fresh(99));
  CHECK(window.is_fresh(98));
}

RUN_TESTS
