#include "pelagos/oci/systemd/variant_text.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::json;

struct Value {
  std::string type;
  Json json;
};

constexpr int kMostDepth = 16;

struct Keyword {
  absl::string_view word;
  char type;
};
constexpr Keyword kKeywords[] = {{"boolean", 'b'}, {"byte", 'y'},       {"int16", 'n'},
                                 {"uint16", 'q'},  {"int32", 'i'},      {"uint32", 'u'},
                                 {"int64", 'x'},   {"uint64", 't'},     {"double", 'd'},
                                 {"string", 's'},  {"objectpath", 'o'}, {"signature", 'g'}};

// The types of one complete type of D-Bus, without variants and dictionaries; "" if it is none.
absl::string_view CompleteType(absl::string_view text, int depth = 0) {
  if (text.empty() || depth > kMostDepth) return "";
  if (absl::string_view("bynqiuxtdsog").find(text[0]) != absl::string_view::npos) {
    return text.substr(0, 1);
  }
  if (text[0] == 'a') {
    const absl::string_view element = CompleteType(text.substr(1), depth + 1);
    return element.empty() ? "" : text.substr(0, 1 + element.size());
  }
  if (text[0] != '(') return "";
  size_t size = 1;
  while (size < text.size() && text[size] != ')') {
    const absl::string_view member = CompleteType(text.substr(size), depth + 1);
    if (member.empty()) return "";
    size += member.size();
  }
  return size > 1 && size < text.size() ? text.substr(0, size + 1) : "";
}

class Parser {
 public:
  explicit Parser(absl::string_view text) : rest_(text) {}

  absl::StatusOr<DbusValue> Run() {
    std::optional<Value> value = Parse("", 0);
    if (value) SkipBlanks();
    if (!value || !rest_.empty()) {
      return absl::InvalidArgumentError(
          problem_.empty() ? absl::StrCat("is not GVariant text at '", rest_, "'") : problem_);
    }
    return DbusValue{value->type, value->json.dump(-1, ' ', false, Json::error_handler_t::replace)};
  }

 private:
  void SkipBlanks() {
    while (!rest_.empty() && absl::ascii_isspace(static_cast<unsigned char>(rest_[0]))) {
      rest_.remove_prefix(1);
    }
  }
  std::optional<Value> Fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return std::nullopt;
  }
  std::optional<Value> Expected(absl::string_view type) {
    return Fail(absl::StrCat("is not of the type ", type, " at '", rest_, "'"));
  }

  // `type`: what it must be, or "" for what it looks like.
  std::optional<Value> Parse(const std::string& type, int depth) {
    if (depth > kMostDepth) return Fail("is nested too deeply");
    SkipBlanks();
    if (rest_.empty()) return Fail("ends too early");
    if (rest_[0] == '@') return Typed(type, depth);
    for (const Keyword& keyword : kKeywords) {
      absl::string_view after = rest_;
      if (!absl::ConsumePrefix(&after, keyword.word) || after.empty() || after[0] != ' ') continue;
      if (!type.empty() && type != std::string(1, keyword.type)) return Expected(type);
      rest_ = after;
      return Parse(std::string(1, keyword.type), depth + 1);
    }
    switch (rest_[0]) {
      case '\'':
      case '"':
        return Text(type);
      case '[':
        return Array(type, depth);
      case '(':
        return Tuple(type, depth);
      default:
        return Word(type);
    }
  }

  std::optional<Value> Typed(const std::string& type, int depth) {
    const absl::string_view given = CompleteType(rest_.substr(1));
    if (given.empty()) return Fail(absl::StrCat("has no such type: '", rest_, "'"));
    if (!type.empty() && type != given) return Expected(type);
    rest_.remove_prefix(1 + given.size());
    return Parse(std::string(given), depth + 1);
  }

  std::optional<Value> Text(const std::string& type) {
    if (!type.empty() && type != "s" && type != "o" && type != "g") return Expected(type);
    const char quote = rest_[0];
    std::string text;
    size_t at = 1;
    for (; at < rest_.size() && rest_[at] != quote; ++at) {
      char c = rest_[at];
      if (c == '\\') {
        if (++at == rest_.size()) break;
        c = rest_[at];
        if (c == 'n') c = '\n';
        if (c == 't') c = '\t';
        if (c == 'u' || c == 'U') return Fail("\\u in texts is not supported");
      }
      text.push_back(c);
    }
    if (at >= rest_.size()) return Fail("a text has no end");
    rest_.remove_prefix(at + 1);
    return Value{type.empty() ? "s" : type, text};
  }

  std::optional<Value> Array(const std::string& type, int depth) {
    if (!type.empty() && type[0] != 'a') return Expected(type);
    std::string element = type.empty() ? "" : type.substr(1);
    Json list = Json::array();
    rest_.remove_prefix(1);
    for (SkipBlanks(); !absl::ConsumePrefix(&rest_, "]"); SkipBlanks()) {
      if (!list.empty() && !absl::ConsumePrefix(&rest_, ",")) return Fail("an array lacks a comma");
      std::optional<Value> value = Parse(element, depth + 1);
      if (!value) return std::nullopt;
      element = value->type;
      list.push_back(std::move(value->json));
    }
    if (element.empty()) return Fail("an empty array needs its type: @as []");
    return Value{"a" + element, std::move(list)};
  }

  std::optional<Value> Tuple(const std::string& type, int depth) {
    if (!type.empty() && type[0] != '(') return Expected(type);
    absl::string_view types = type;
    absl::ConsumePrefix(&types, "(");
    std::string found = "(";
    Json list = Json::array();
    rest_.remove_prefix(1);
    for (SkipBlanks(); !absl::ConsumePrefix(&rest_, ")"); SkipBlanks()) {
      if (!list.empty() && !absl::ConsumePrefix(&rest_, ",")) return Fail("a tuple lacks a comma");
      SkipBlanks();
      if (list.size() == 1 && absl::ConsumePrefix(&rest_, ")")) break;  // ('a',)
      const std::string wanted(CompleteType(types));
      if (!type.empty() && wanted.empty()) return Expected(type);
      types.remove_prefix(wanted.size());
      std::optional<Value> value = Parse(wanted, depth + 1);
      if (!value) return std::nullopt;
      found += value->type;
      list.push_back(std::move(value->json));
    }
    found += ")";
    if (list.empty() || (!type.empty() && type != found)) return Expected(type);
    return Value{found, std::move(list)};
  }

  template <typename Number>
  std::optional<Value> Integer(absl::string_view word, const std::string& type) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(word, &value) || value < int64_t{std::numeric_limits<Number>::min()} ||
        value > int64_t{std::numeric_limits<Number>::max()}) {
      return Fail(absl::StrCat("'", word, "' is no number of the type ", type));
    }
    return Value{type, value};
  }

  std::optional<Value> Word(const std::string& wanted) {
    size_t size = 0;
    while (size < rest_.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(rest_[size])) ||
            absl::string_view("+-.").find(rest_[size]) != absl::string_view::npos)) {
      ++size;
    }
    const absl::string_view word = rest_.substr(0, size);
    std::string type = wanted;
    const bool boolean = word == "true" || word == "false";
    if (type.empty()) {
      const bool real = word.find_first_of(".eE") != absl::string_view::npos;
      type.push_back(boolean ? 'b' : real ? 'd' : 'i');
    }
    const bool number = !word.empty() && !absl::ascii_isalpha(static_cast<unsigned char>(word[0]));
    if ((!boolean && !number) || boolean != (type == "b")) {
      return Fail(absl::StrCat("is not GVariant text at '", rest_, "'"));
    }
    rest_.remove_prefix(size);
    if (boolean) return Value{type, word == "true"};
    if (type == "t") {
      uint64_t value = 0;
      if (absl::SimpleAtoi(word, &value)) return Value{type, value};
    }
    if (type == "d") {
      double value = 0;
      if (absl::SimpleAtod(word, &value) && std::isfinite(value)) return Value{type, value};
    }
    if (type == "y") return Integer<uint8_t>(word, type);
    if (type == "n") return Integer<int16_t>(word, type);
    if (type == "q") return Integer<uint16_t>(word, type);
    if (type == "i") return Integer<int32_t>(word, type);
    if (type == "u") return Integer<uint32_t>(word, type);
    if (type == "x") return Integer<int64_t>(word, type);
    return Fail(absl::StrCat("'", word, "' is no number of the type ", type));
  }

  absl::string_view rest_;
  std::string problem_;
};

}  // namespace

absl::StatusOr<DbusValue> ParseVariantText(absl::string_view text) { return Parser(text).Run(); }

}  // namespace pelagos::oci
