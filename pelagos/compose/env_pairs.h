// The environment of a container as a program gives it: a list of pairs (KEY . VALUE).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/printer.h"
#include "pelagos/spec/container.h"

namespace pelagos::compose {

// How its mistakes are worded, up to ", got TYPE"; and where they are shown if nothing better is
// known.
struct EnvWords {
  absl::string_view pairs;  // "run: inject must return (key . value) pairs"
  absl::string_view key;    // "run: inject env key must be string"
  Span span;
};

// Appends the variables of the list. Keys are strings or symbols, values anything, as `display`
// shows it; (KEY VALUE) is taken for (KEY . VALUE). nullopt: fine.
inline std::optional<reml::EvalResult> ReadEnv(reml::CallContext& ctx, reml::Value list,
                                               const EnvWords& words,
                                               std::vector<EnvVariable>* out) {
  constexpr size_t kBytesPerStep = 64;
  const auto error = [&](absl::string_view message, reml::Value got, Span span) {
    return ctx.Error(span.known() ? span : words.span,
                     absl::StrCat(message, ", got ", got.type_name()),
                     "such as (list (cons \"KEY\" \"value\"))");
  };
  for (; list.is_pair(); list = list.cdr()) {
    const reml::Value pair = list.car();
    if (!pair.is_pair()) return error(words.pairs, pair, reml::CarSpan(list));
    const Span key_span = reml::CarSpan(pair);
    if (!pair.car().is_string() && !pair.car().is_symbol()) {
      return error(words.key, pair.car(), key_span);
    }
    EnvVariable variable{std::string(pair.car().text()), ""};
    if (variable.key.empty() || absl::StrContains(variable.key, "=")) {
      return ctx.Error(key_span.known() ? key_span : words.span,
                       variable.key.empty()
                           ? std::string("env key: must not be empty")
                           : absl::StrCat("env key: '", variable.key, "' must not contain '='"));
    }
    reml::Value value = pair.cdr();
    if (value.is_pair() && value.cdr().is_nil()) value = value.car();
    // Shared structure may be far larger as text: bounded as memory is.
    if (!reml::DisplayTo(value, &variable.value, ctx.heap().limit())) return ctx.OutOfMemory();
    if (!ctx.Charge(1 + variable.value.size() / kBytesPerStep)) return ctx.OutOfSteps();
    out->push_back(std::move(variable));
  }
  if (!list.is_nil()) return error(words.pairs, list, {});
  return std::nullopt;
}

}  // namespace pelagos::compose
