/**
 * Netlink framing (RFC 3549, netlink(7)): messages out of a datagram, attributes out of a message, and the way back.
 * This is what an IKE daemon's bytes meet first: every length is checked, nothing is read by a cast.
 */
#pragma once
#include <array>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "base/bytes.h"
#include "xfrm/uapi.h"

namespace xfrmd {

using Bytes = std::span<const uint8_t>;

/** A request that is answered with an errno. The text is for the log and never holds key material. */
class Refusal : public std::runtime_error {
 public:
  Refusal(int error_number, const char* why) : std::runtime_error(why), error(error_number) {}
  const int error;
};

struct NetlinkMessage {
  nlmsghdr header{};
  Bytes payload;

  bool has(uint16_t flags) const { return (header.nlmsg_flags & flags) == flags; }
  /** A fixed structure at the start of the payload. @throws Refusal EINVAL when it is not all there */
  template <class T>
  T fixed() const {
    if (payload.size() < sizeof(T)) throw Refusal(EINVAL, "message shorter than its fixed part");
    return load_raw<T>(payload.data());
  }
};

/** Takes the next message off `rest`; nothing at the end or when the rest is not a message. */
std::optional<NetlinkMessage> next_message(Bytes& rest);

/** XFRMA_* attributes of one message; a repeated one counts as its last occurrence, as in the kernel. */
class Attributes {
 public:
  /**
   * Parses what follows a fixed part of `fixed_size` bytes. @throws Refusal ERANGE for an attribute shorter than the kernel's
   * minimum, EINVAL for broken framing or a type the kernel's headers do not have
   */
  static Attributes parse(const NetlinkMessage& message, size_t fixed_size);

  bool has(unsigned type) const { return values_[type].data() != nullptr; }
  Bytes get(unsigned type) const { return values_[type]; }
  template <class T>
  std::optional<T> read(unsigned type) const {
    if (!has(type) || values_[type].size() < sizeof(T)) return std::nullopt;
    return load_raw<T>(values_[type].data());
  }
  /** @throws Refusal EOPNOTSUPP when there is an attribute outside `known`: ignoring one could mean sending in clear. */
  void require_only(std::initializer_list<unsigned> known) const;

 private:
  std::array<Bytes, XFRMA_MAX + 1> values_{};
};

/** Builds one message. */
class MessageWriter {
 public:
  MessageWriter(uint16_t type, uint16_t flags, uint32_t sequence, uint32_t port_id);

  template <class T>
  MessageWriter& fixed(const T& value) {
    return raw({reinterpret_cast<const uint8_t*>(&value), sizeof value});
  }
  template <class T>
  MessageWriter& attribute(uint16_t type, const T& value) {
    return attribute_bytes(type, {reinterpret_cast<const uint8_t*>(&value), sizeof value});
  }
  MessageWriter& attribute_bytes(uint16_t type, Bytes value);
  /** Bytes that are already framed attributes. */
  MessageWriter& raw(Bytes bytes);
  std::vector<uint8_t> finish();

 private:
  std::vector<uint8_t> bytes_;
};

/** NLMSG_ERROR for a request: zero acknowledges. The request's payload is never echoed. */
std::vector<uint8_t> error_message(const nlmsghdr& request, int error, uint32_t port_id);

}  // namespace xfrmd
