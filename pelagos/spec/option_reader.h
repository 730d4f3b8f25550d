// Walks one option of a form, (KEY VALUE...), value by value; what is wrong is said at the value.
//
//   '(port 8080 "zz")  ->  port container: invalid port 'zz', with the caret under "zz"
//
// Messages are those that programs may catch with `guard`, and tests compare: they stay as they
// are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/value.h"

namespace pelagos {

// A value and where it was written.
struct SpannedValue {
  reml::Value value;
  Span span;
};

struct SpannedText {
  std::string text;
  Span span;
};

// The values of a list, and the tail of a dotted one; those without a span of their own get
// `otherwise`.
inline std::vector<SpannedValue> ValuesOf(reml::Value list, Span otherwise) {
  std::vector<SpannedValue> values;
  const auto add = [&](reml::Value value, Span span) {
    values.push_back({value, span.known() ? span : otherwise});
  };
  for (; list.is_pair(); list = list.cdr()) {
    add(list.car(), reml::CarSpan(list));
    if (!list.cdr().is_pair() && !list.cdr().is_nil()) add(list.cdr(), reml::TailSpan(list));
  }
  return values;
}

class OptionReader {
 public:
  // `shape` is how the option is written, for hints: "(port HOST CONTAINER)".
  OptionReader(absl::string_view key, absl::string_view shape, Span span,
               std::vector<SpannedValue> values, Diagnostics& diags)
      : key_(key), shape_(shape), span_(span), values_(std::move(values)), diags_(diags) {}

  const std::string& key() const { return key_; }
  Span span() const { return span_; }  // of the option
  size_t left() const { return values_.size() - at_; }
  size_t size() const { return values_.size(); }
  const SpannedValue& Peek() const { return values_[at_]; }  // requires: left() > 0

  void Error(Span span, std::string message, std::string hint = "") {
    diags_.Error(span, std::move(message),
                 hint.empty() ? absl::StrCat("expected ", shape_) : std::move(hint));
  }

  // The next value, whatever it is.
  std::optional<SpannedValue> Next(absl::string_view label) {
    if (left() == 0) {
      Error(span_, absl::StrCat(label, ": missing value"));
      return std::nullopt;
    }
    return values_[at_++];
  }

  // A string or symbol.
  std::optional<SpannedText> Text(absl::string_view label) {
    const std::optional<SpannedValue> next = Next(label);
    if (!next) return std::nullopt;
    if (next->value.is_string() || next->value.is_symbol()) {
      return SpannedText{std::string(next->value.text()), next->span};
    }
    Error(next->span,
          absl::StrCat(label, ": expected string or symbol, got ", next->value.type_name()));
    return std::nullopt;
  }

  // A string, symbol or number; a number as it is displayed.
  std::optional<SpannedText> TextOrNumber(absl::string_view label) {
    if (left() > 0 && Peek().value.is_number()) {
      const SpannedValue number = values_[at_++];
      return SpannedText{reml::Display(number.value), number.span};
    }
    return Text(label);
  }

  // 1..65535, as a number or a string of digits.
  std::optional<uint16_t> Port(absl::string_view label) {
    const std::optional<SpannedValue> next = Next(label);
    if (!next) return std::nullopt;
    int64_t number = -1;
    if (next->value.is_int()) {
      number = next->value.as_int();
    } else if (next->value.is_string()) {
      const std::string text(next->value.text());
      if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) {
        Error(next->span, absl::StrCat(label, ": invalid port '", text, "'"));
        return std::nullopt;
      }
      if (!absl::SimpleAtoi(text, &number)) number = -1;
    } else {
      Error(next->span, absl::StrCat(label, ": expected integer port"));
      return std::nullopt;
    }
    if (number < 1 || number > 65535) {
      Error(next->span, absl::StrCat(label, ": port out of range"), "a port is 1 to 65535");
      return std::nullopt;
    }
    return static_cast<uint16_t>(number);
  }

  // Nothing more may follow.
  void End() {
    if (left() == 0) return;
    Error(Peek().span, absl::StrCat(key_, ": unexpected value ", reml::Write(Peek().value)));
    at_ = values_.size();
  }

 private:
  std::string key_;
  absl::string_view shape_;
  Span span_;
  std::vector<SpannedValue> values_;
  size_t at_ = 0;
  Diagnostics& diags_;
};

}  // namespace pelagos
