/** DSCP and ECN between inner and outer header: RFC 4301 §5.1.2 with the ECN tables of RFC 6040. */
#pragma once
#include <cstdint>
#include <optional>

namespace xfrmd {

inline constexpr uint8_t kEcnMask = 3;
inline constexpr uint8_t kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3;

/** Normal mode of RFC 6040 §4.1 copies the field; without ECN the outer header says Not-ECT. */
inline uint8_t outer_traffic_class(uint8_t inner, bool copies_dscp, bool copies_ecn) {
  return static_cast<uint8_t>((copies_dscp ? inner & ~kEcnMask : 0) | (copies_ecn ? inner & kEcnMask : 0));
}

/** The inner field after decapsulation (RFC 6040 figure 4); nothing when the packet must be dropped. */
inline std::optional<uint8_t> decapsulated_ecn(uint8_t inner, uint8_t outer) {
  if (outer == kCe) {
    if (inner == kNotEct) return std::nullopt;
    return kCe;
  }
  if (outer == kEct1 && inner == kEct0) return kEct1;
  return inner;
}

}  // namespace xfrmd
