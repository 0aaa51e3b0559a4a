/** The whole test harness: TEST registers a function, CHECK reports and counts, main runs them all. */
#pragma once
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace check {

struct Case {
  const char* name;
  void (*run)();
};
inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}
inline int failures = 0;
inline bool add(const char* name, void (*run)()) {
  cases().push_back({name, run});
  return true;
}
inline void report(bool ok, const char* file, int line, const char* expression) {
  if (ok) return;
  failures += 1;
  fprintf(stderr, "%s:%d: failed: %s\n", file, line, expression);
}

/** "00 ff" or "00ff" into bytes. */
inline std::vector<uint8_t> hex(std::string_view text) {
  std::vector<uint8_t> bytes;
  std::string digits;
  for (const char c : text)
    if (c != ' ' && c != '\n') digits += c;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) bytes.push_back(static_cast<uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}
inline bool equal(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

/** Exit status: 0 when there were tests and all passed. */
inline int run_all() {
  for (const auto& each : cases()) each.run();
  printf("%zu tests, %d failures\n", cases().size(), failures);
  return failures == 0 && !cases().empty() ? 0 : 1;
}

}  // namespace check

#define TEST(name)                                                   \
  static void name();                                                \
  static const bool name##_added = check::add(#name, name);          \
  static void name()
#define CHECK(expression) check::report((expression), __FILE__, __LINE__, #expression)
#define RUN_TESTS \
  int main() { return check::run_all(); }
