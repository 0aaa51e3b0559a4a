/** JSON (RFC 8259) as the control socket needs it: small values, integers to 64 bits, strict parsing with a depth limit. */
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace xfrmd {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json>;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(uint64_t value) : value_(value) {}
  Json(uint32_t value) : value_(uint64_t{value}) {}
  Json(int value) : value_(value < 0 ? std::variant<Null, bool, uint64_t, double, std::string, Array, Object>(double(value)) : uint64_t(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  /** Nothing when the text is not exactly one value. */
  static std::optional<Json> parse(std::string_view text);
  std::string print() const;

  const uint64_t* as_integer() const { return std::get_if<uint64_t>(&value_); }
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  const Object* as_object() const { return std::get_if<Object>(&value_); }
  /** A member of an object; null when it isn't one or lacks it. */
  const Json* find(const std::string& name) const;

 private:
  using Null = std::monostate;
  void print_to(std::string& out) const;
  std::variant<Null, bool, uint64_t, double, std::string, Array, Object> value_;
};

}  // namespace xfrmd
