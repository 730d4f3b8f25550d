#include "pelagos/reml/usage.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pelagos::reml {
namespace {

struct Word {
  absl::string_view word;
  Role role;
};

constexpr Word kWords[] = {
    {"name", Role::kName},           {"variable", Role::kName},        {"loop", Role::kName},
    {"parameter", Role::kParameter}, {"parameters", Role::kParameter}, {"rest", Role::kParameter},
    {"body", Role::kBody},           {"datum", Role::kDatum},          {"literal", Role::kDatum},
    {"pattern", Role::kDatum},       {"requirement", Role::kDatum},    {"template", Role::kDatum},
    {"field", Role::kDatum},         {"constructor", Role::kDatum},    {"predicate", Role::kDatum},
};

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  // From behind '(' to behind its ')'.
  std::vector<UsagePart> List() {
    std::vector<UsagePart> parts;
    bool tail = false;
    bool optional = false;
    bool mark = false;  // in these brackets
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ')') {
        ++at_;
        break;
      }
      if (c == ' ' || c == '[' || c == ']') {
        ++at_;
        if (c == ' ') continue;
        optional = c == '[';
        mark = false;
        continue;
      }
      if (Skip("...")) {
        if (!parts.empty()) parts.back().repeated = true;
        continue;
      }
      if (c == '.') {
        ++at_;
        tail = true;
        continue;
      }
      UsagePart part;
      if (c == '(') {
        ++at_;
        part.parts = List();
      } else {
        part.word = NextWord();
        // (else body...) is a clause; in (if test then [else]) it is an expression.
        part.role = parts.empty() && part.word == "else" ? Role::kMark : RoleOf(part.word);
      }
      part.optional = optional;
      part.tail = std::exchange(tail, false);
      part.after_mark = mark;
      mark = optional && part.role == Role::kMark;
      parts.push_back(std::move(part));
    }
    return parts;
  }

 private:
  bool Skip(absl::string_view mark) {
    if (text_.substr(at_, mark.size()) != mark) return false;
    at_ += mark.size();
    return true;
  }
  absl::string_view NextWord() {
    const size_t begin = at_;
    while (at_ < text_.size() &&
           absl::string_view(" ()[]").find(text_[at_]) == absl::string_view::npos &&
           text_.substr(at_, 3) != "...") {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  absl::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Role RoleOf(absl::string_view word) {
  for (const Word& row : kWords) {
    if (row.word == word) return row.role;
  }
  return !word.empty() && word.front() == ':' ? Role::kMark : Role::kExpression;
}

bool UsagePart::formals() const {
  return list() && !parts.empty() &&
         std::all_of(parts.begin(), parts.end(), [](const UsagePart& part) {
           return !part.list() && (part.role == Role::kParameter || part.role == Role::kName) &&
                  (part.repeated || part.tail);
         });
}

size_t UsageWay::least() const {
  return static_cast<size_t>(std::count_if(parts.begin(), parts.end(), [](const UsagePart& part) {
    return !part.optional && !part.repeated;
  }));
}

bool UsageWay::unlimited() const {
  return std::any_of(parts.begin(), parts.end(),
                     [](const UsagePart& part) { return part.repeated || part.tail; });
}

size_t UsageWay::before_body() const {
  const auto body = std::find_if(parts.begin(), parts.end(),
                                 [](const UsagePart& part) { return part.role == Role::kBody; });
  return static_cast<size_t>(body - parts.begin());
}

std::vector<UsageWay> ParseUsage(absl::string_view usage) {
  std::vector<UsageWay> ways;
  while (!usage.empty()) {
    const size_t line = usage.find('\n');
    const size_t joined = usage.find(") or (");
    const size_t end =
        std::min({line, joined == absl::string_view::npos ? joined : joined + 1, usage.size()});
    // "(NAME PART...)"
    std::vector<UsagePart> parts = Parser(usage.substr(1, end - 1)).List();
    if (!parts.empty()) parts.erase(parts.begin());
    ways.push_back({std::move(parts)});
    usage.remove_prefix(end);
    const size_t next = usage.find('(');
    usage.remove_prefix(std::min(next, usage.size()));
  }
  return ways;
}

}  // namespace pelagos::reml
