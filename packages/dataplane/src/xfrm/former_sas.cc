/** A short list: a daemon that moves an SA does so within milliseconds. */
#include "xfrm/former_sas.h"

#include <algorithm>
#include <cstring>

namespace xfrmd {
namespace {

constexpr uint64_t kSeconds = 5;
// What a worker can still send with an SA that it picked up before it was taken from the tables: one batch of frames, each at
// most 64 KB in segments of a few hundred bytes.
constexpr uint64_t kInFlight = 1 << 16;

bool is_same(const SecretBytes& a, const SecretBytes& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.view().data(), b.view().data(), a.size()) == 0;
}

}  // namespace

void FormerSas::add(uint32_t spi, SecretBytes algorithms, std::shared_ptr<Sa> sa, uint64_t now) {
  if (sa->last_sent.load(std::memory_order_relaxed) == 0) return;  // inbound, or never used
  all_.push_back({spi, std::move(algorithms), std::move(sa), now + kSeconds});
}

uint64_t FormerSas::last_sent(uint32_t spi, const SecretBytes& algorithms) const {
  uint64_t last = 0;
  for (const Former& each : all_)
    if (each.spi == spi && is_same(each.algorithms, algorithms)) {
      // Alone with it: the epoch has let go, no worker holds it any more and the number is final.
      const uint64_t margin = each.sa.use_count() == 1 ? 0 : kInFlight;
      last = std::max(last, each.sa->last_sent.load(std::memory_order_acquire) + margin);
    }
  return last;
}

void FormerSas::expire(uint64_t now) {
  std::erase_if(all_, [&](const Former& each) { return each.expires_at <= now; });
}

}  // namespace xfrmd
