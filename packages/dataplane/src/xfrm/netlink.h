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

/**
 * A request that is answered with an errno. The text goes to the log and, in an extended acknowledgement, to whoever asked; it
 * never holds key material. Where the kernel has words for a refusal they are used, letter for letter.
 */
class Refusal : public std::runtime_error {
 public:
  Refusal(int error_number, const char* why) : Refusal(error_number, why, true) {}
  /** What the kernel refuses without a word: the text is for the log only. */
  static Refusal silent(int error_number, const char* why) { return {error_number, why, false}; }

  const int error;
  const bool is_told;

 private:
  Refusal(int error_number, const char* why, bool told) : std::runtime_error(why), error(error_number), is_told(told) {}
};

struct NetlinkMessage {
  nlmsghdr header{};
  Bytes payload;

  bool has(uint16_t flags) const { return (header.nlmsg_flags & flags) == flags; }
  /** Either bit of NLM_F_DUMP asks for a dump, as the kernel reads it. */
  bool is_dump() const { return (header.nlmsg_flags & NLM_F_DUMP) != 0; }
  /** A fixed structure at the start of the payload. @throws Refusal EINVAL when it is not all there */
  template <class T>
  T fixed() const {
    if (payload.size() < sizeof(T)) throw Refusal(EINVAL, "Invalid header length");
    return load_raw<T>(payload.data());
  }
};

/** Takes the next message off `rest`; nothing at the end or when the rest is not a message. */
std::optional<NetlinkMessage> next_message(Bytes& rest);

/** XFRMA_* attributes of one message; a repeated one counts as its last occurrence, as in the kernel. */
class Attributes {
 public:
  /**
   * Parses what follows a fixed part of `fixed_size` bytes; `minimum_length` of each type is XFRMA_*'s. @throws Refusal ERANGE for an attribute shorter than the kernel's
   * minimum, EINVAL for broken framing or a type the kernel's headers do not have
   */
  static Attributes parse(const NetlinkMessage& message, size_t fixed_size) { return parse(message, fixed_size, xfrma_minimum_length); }
  static Attributes parse(const NetlinkMessage& message, size_t fixed_size, size_t minimum_length(unsigned type));
  /** What can be made out of a dump request's attributes; old programs put other things there. */
  static Attributes parse_filter(const NetlinkMessage& message);

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
  static size_t xfrma_minimum_length(unsigned type);
  void parse_from(Bytes rest, size_t minimum_length(unsigned type));
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

/** NLMSG_ERROR for a request: zero acknowledges. The request's payload is never echoed. `said`: NLMSGERR_ATTR_MSG, or null. */
std::vector<uint8_t> error_message(const nlmsghdr& request, int error, uint32_t port_id, const char* said = nullptr);

}  // namespace xfrmd
