/** Unaligned big-endian loads and stores: everything on the wire goes through here, never through a cast pointer. */
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

namespace xfrmd {

template <class T>
inline T load_raw(const void* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
inline void store_raw(void* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

inline uint16_t swap_if_little(uint16_t v) { return std::endian::native == std::endian::little ? __builtin_bswap16(v) : v; }
inline uint32_t swap_if_little(uint32_t v) { return std::endian::native == std::endian::little ? __builtin_bswap32(v) : v; }
inline uint64_t swap_if_little(uint64_t v) { return std::endian::native == std::endian::little ? __builtin_bswap64(v) : v; }

inline uint16_t load16(const void* at) { return swap_if_little(load_raw<uint16_t>(at)); }
inline uint32_t load32(const void* at) { return swap_if_little(load_raw<uint32_t>(at)); }
inline uint64_t load64(const void* at) { return swap_if_little(load_raw<uint64_t>(at)); }
inline void store16(void* at, uint16_t v) { store_raw(at, swap_if_little(v)); }
inline void store32(void* at, uint32_t v) { store_raw(at, swap_if_little(v)); }
inline void store64(void* at, uint64_t v) { store_raw(at, swap_if_little(v)); }

}  // namespace xfrmd
