/** Recursive-descent parser and printer. */
#include "control/json.h"

#include <charconv>
#include <cstdio>
#include <utility>

namespace xfrmd {
namespace {

constexpr int kMaxDepth = 16;

void print_string(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<Json> document() {
    auto result = value(0);
    skip_space();
    return rest_.empty() ? std::move(result) : std::nullopt;
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool take_spaced(char c) {
    skip_space();
    return take({&c, 1});
  }

  std::optional<Json> value(int depth) {
    skip_space();
    if (rest_.empty() || depth > kMaxDepth) return std::nullopt;
    switch (rest_.front()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return string_value();
      case 't': return take("true") ? std::optional<Json>(true) : std::nullopt;
      case 'f': return take("false") ? std::optional<Json>(false) : std::nullopt;
      case 'n': return take("null") ? std::optional<Json>(nullptr) : std::nullopt;
      default: return number();
    }
  }

  std::optional<Json> number() {
    const size_t size = std::min(rest_.find_first_not_of("+-.eE0123456789"), rest_.size());
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    uint64_t integer = 0;
    const auto end = text.data() + text.size();
    if (const auto [at, error] = std::from_chars(text.data(), end, integer); error == std::errc() && at == end) return Json(integer);
    double real = 0;
    const auto [at, error] = std::from_chars(text.data(), end, real);
    return error == std::errc() && at == end && !text.empty() ? std::optional<Json>(real) : std::nullopt;
  }

  std::optional<Json> string_value() {
    auto text = string();
    return text ? std::optional<Json>(std::move(*text)) : std::nullopt;
  }

  std::optional<std::string> string() {
    std::string out;
    if (!take("\"")) return std::nullopt;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      if (c != '\\')
        out += c;
      else if (!escape(out))
        return std::nullopt;
    }
    return std::nullopt;
  }

  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case '"':
      case '\\':
      case '/': out += c; return true;
      case 'u': {
        unsigned code = 0;
        if (rest_.size() < 4) return false;
        const auto [at, error] = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
        // Surrogates never occur in what this socket carries.
        if (error != std::errc() || at != rest_.data() + 4 || (code >= 0xd800 && code < 0xe000)) return false;
        rest_.remove_prefix(4);
        append_utf8(out, code);
        return true;
      }
      default: return false;
    }
  }

  std::optional<Json> array(int depth) {
    Json::Array items;
    take("[");
    if (take_spaced(']')) return Json(std::move(items));
    for (;;) {
      auto item = value(depth + 1);
      if (!item) return std::nullopt;
      items.push_back(std::move(*item));
      if (take_spaced(']')) return Json(std::move(items));
      if (!take_spaced(',')) return std::nullopt;
    }
  }

  std::optional<Json> object(int depth) {
    Json::Object members;
    take("{");
    if (take_spaced('}')) return Json(std::move(members));
    for (;;) {
      skip_space();
      auto name = string();
      if (!name || !take_spaced(':')) return std::nullopt;
      auto item = value(depth + 1);
      if (!item) return std::nullopt;
      members.insert_or_assign(std::move(*name), std::move(*item));
      if (take_spaced('}')) return Json(std::move(members));
      if (!take_spaced(',')) return std::nullopt;
    }
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Json> Json::parse(std::string_view text) { return Parser(text).document(); }

const Json* Json::find(const std::string& name) const {
  const Object* object = as_object();
  if (object == nullptr) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &found->second;
}

std::string Json::print() const {
  std::string out;
  print_to(out);
  return out;
}

void Json::print_to(std::string& out) const {
  if (const bool* boolean = std::get_if<bool>(&value_)) {
    out += *boolean ? "true" : "false";
  } else if (const uint64_t* integer = as_integer()) {
    out += std::to_string(*integer);
  } else if (const double* real = std::get_if<double>(&value_)) {
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof text, *real).ptr);
  } else if (const std::string* text = as_string()) {
    print_string(out, *text);
  } else if (const Array* items = std::get_if<Array>(&value_)) {
    out += '[';
    for (size_t i = 0; i < items->size(); i++) {
      if (i > 0) out += ',';
      (*items)[i].print_to(out);
    }
    out += ']';
  } else if (const Object* members = as_object()) {
    out += '{';
    bool is_first = true;
    for (const auto& [name, item] : *members) {
      if (!std::exchange(is_first, false)) out += ',';
      print_string(out, name);
      out += ':';
      item.print_to(out);
    }
    out += '}';
  } else {
    out += "null";
  }
}

}  // namespace xfrmd
