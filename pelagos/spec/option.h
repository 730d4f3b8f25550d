// One option of a service while it is compiled: its values, the service it goes into, and the ways
// to say at which value something is wrong.
//
// The messages are those that programs may catch with `guard`: they stay as they are.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/policy/name.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/value.h"
#include "pelagos/spec/compose.h"

namespace pelagos {

// "WHAT: expected string or symbol, got TYPE" unless it is one; "" then.
inline std::string TextOf(reml::Value value, Span span, absl::string_view what,
                          Diagnostics& diags) {
  if (value.is_string() || value.is_symbol()) return std::string(value.text());
  diags.Error(span, absl::StrCat(what, ": expected string or symbol, got ", value.type_name()));
  return "";
}

// A value and where it was written.
struct Datum {
  reml::Value value;
  Span span;
};

// One option while it is compiled.
struct Option {
  absl::string_view name;
  absl::string_view shape;
  Span span;  // of the whole option
  std::vector<Datum> values;
  ServiceSpec& service;
  CapabilitySet& added;
  CapabilitySet& dropped;
  Diagnostics& diags;

  ContainerSpec& container() { return service.container; }
  void Error(Span at, std::string message, std::string hint = "") {
    diags.Error(at, std::move(message), std::move(hint));
  }
  std::string ShapeHint() const { return absl::StrCat("expected ", shape); }

  // "WHAT: missing value" if the option has no value `index`.
  const Datum* At(size_t index, absl::string_view what) {
    if (index < values.size()) return &values[index];
    Error(span, absl::StrCat(what, ": missing value"), ShapeHint());
    return nullptr;
  }
  void NoMoreThan(size_t count) {
    if (values.size() <= count) return;
    const Datum& extra = values[count];
    Error(extra.span, absl::StrCat(name, ": unexpected value ", reml::Write(extra.value)),
          ShapeHint());
  }
  // "" if it is no text or empty, which was reported.
  std::string Text(const Datum& datum, absl::string_view what) {
    const size_t errors = diags.errors();
    std::string text = TextOf(datum.value, datum.span, what, diags);
    if (text.empty() && diags.errors() == errors) {
      Error(datum.span, absl::StrCat(what, ": must not be empty"), ShapeHint());
    }
    return text;
  }
  // The same, and what XProblem says of it.
  std::string Checked(const Datum& datum, absl::string_view what,
                      absl::string_view (*problem_of)(absl::string_view)) {
    std::string text = Text(datum, what);
    if (text.empty()) return "";
    const absl::string_view problem = problem_of(text);
    if (problem.empty()) return text;
    Error(datum.span, absl::StrCat(what, ": '", text, "' ", problem), ShapeHint());
    return "";
  }
  // A name of the stack's own.
  std::string Name(const Datum& datum, absl::string_view what) {
    return Checked(datum, what, [](absl::string_view name) { return NameProblem(name); });
  }
  // Numbers too, as they are written.
  std::string TextOrNumber(const Datum& datum, absl::string_view what) {
    if (datum.value.is_number()) return reml::Display(datum.value);
    return Text(datum, what);
  }
  bool Broken(size_t errors_before) const { return diags.errors() != errors_before; }
  void Remember(Span at) { container().spans.Set(std::string(name), at); }
};

// The values of a list, and the tail of a dotted one; what has no span of its own gets `otherwise`.
inline std::vector<Datum> DataOf(reml::Value list, Span otherwise) {
  std::vector<Datum> data;
  const auto add = [&](reml::Value value, Span span) {
    data.push_back({value, span.known() ? span : otherwise});
  };
  for (; list.is_pair(); list = list.cdr()) {
    add(list.car(), reml::CarSpan(list));
    if (!list.cdr().is_pair() && !list.cdr().is_nil()) add(list.cdr(), reml::TailSpan(list));
  }
  return data;
}

}  // namespace pelagos
