/** Byte and packet limits of an SA: checked before use, counted after, reported once. */
#pragma once
#include "engine/notices.h"

namespace xfrmd {

/** False when the SA's hard limit is reached: the packet is dropped and the control thread removes the SA. */
inline bool admit(Sa& sa, Notices& notices, DropCounters& drops) {
  const bool is_over = sa.bytes.get() >= sa.lifetime.hard_bytes.load(std::memory_order_relaxed) ||
                       sa.packets.get() >= sa.lifetime.hard_packets.load(std::memory_order_relaxed);
  if (!is_over) [[likely]]
    return true;
  drops.count(Drop::SaExpired);
  if (!sa.is_expired.exchange(true, std::memory_order_relaxed)) notices.post(LimitNotice{sa.key(), true});
  return false;
}

// A fresh SA is asked for when an eighth of the sequence numbers is left: at ten gigabits per second that is ten minutes.
inline constexpr uint64_t kLastSequence = UINT32_MAX, kRekeySequence = kLastSequence - kLastSequence / 8;

/**
 * False when an outbound SA without ESN has used up its numbers (RFC 4303 §3.3.3): nothing is sent with it any more, and the
 * control thread removes it. With ESN they never run out.
 */
inline bool has_sequence(Sa& sa, uint64_t next, Notices& notices, DropCounters& drops) {
  if (next <= kRekeySequence || sa.extended()) [[likely]]
    return true;
  if (!sa.is_soft_reported.exchange(true, std::memory_order_relaxed)) notices.post(LimitNotice{sa.key(), false});
  if (next <= kLastSequence) return true;
  drops.count(Drop::SequenceOverflow);
  if (!sa.is_expired.exchange(true, std::memory_order_relaxed)) notices.post(LimitNotice{sa.key(), true});
  return false;
}

/** Adds one packet of `bytes` inner bytes. */
inline void account(Sa& sa, size_t bytes, Notices& notices) {
  sa.bytes.add(bytes);
  sa.packets.add(1);
  sa.use.touch();
  const bool is_over = sa.bytes.get() >= sa.lifetime.soft_bytes.load(std::memory_order_relaxed) ||
                       sa.packets.get() >= sa.lifetime.soft_packets.load(std::memory_order_relaxed);
  if (is_over && !sa.is_soft_reported.exchange(true, std::memory_order_relaxed)) notices.post(LimitNotice{sa.key(), false});
}

}  // namespace xfrmd
