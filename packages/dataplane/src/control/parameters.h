/** Checked parameters of control methods, and how a method says that it will not. */
#pragma once
#include <stdexcept>

#include "control/json.h"

namespace xfrmd {

class MethodError : public std::runtime_error {
 public:
  MethodError(const char* error_code, const std::string& message) : std::runtime_error(message), code(error_code) {}
  const char* const code;
};

/** A member of an object from `low` to `high`; `fallback` when it is absent. @throws MethodError invalid-parameter */
inline uint64_t integer_of(const Json& params, const char* name, uint64_t low, uint64_t high, std::optional<uint64_t> fallback = std::nullopt) {
  const Json* given = params.find(name);
  if (given == nullptr && fallback) return *fallback;
  const uint64_t* value = given == nullptr ? nullptr : given->as_integer();
  if (value == nullptr || *value < low || *value > high)
    throw MethodError("invalid-parameter", std::string(name) + " must be an integer from " + std::to_string(low) + " to " + std::to_string(high));
  return *value;
}

}  // namespace xfrmd
