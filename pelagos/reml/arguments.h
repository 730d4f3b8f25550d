// What builtins ask of their arguments: lists that end, places in them, equality that is paid for.
//
// Functions that may fail return the failure, or nullopt when all is well:
//
//   size_t length = 0;
//   if (auto error = MeasureList(ctx, args, 1, &length)) return *error;
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/equality.h"
#include "pelagos/reml/list.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {

using Args = absl::Span<const Value>;
using MaybeError = std::optional<EvalResult>;

inline EvalResult Improper(CallContext& ctx, size_t index) {
  return ctx.Error(ctx.ArgSpan(index), "not a proper list");
}

// Where the first element of (a part of) the list in argument `index` stands.
inline Span ElementSpan(CallContext& ctx, Value pair, size_t index) {
  const Span span = reml::CarSpan(pair);
  return span.known() ? span : ctx.ArgSpan(index);
}

// The argument is a proper list; its length is charged.
inline MaybeError MeasureList(CallContext& ctx, Args args, size_t index, size_t* length) {
  const std::optional<size_t> count = ListLength(args[index]);
  if (!count) return Improper(ctx, index);
  if (!ctx.Charge(*count)) return ctx.OutOfSteps();
  *length = *count;
  return std::nullopt;
}

// The argument is an integer from `least` to `most`: else "NAME: index 7 out of range".
inline MaybeError ReadIndex(CallContext& ctx, Args args, size_t index, size_t least, size_t most,
                            size_t* out, absl::string_view what = "index") {
  if (!args[index].is_int()) return ctx.TypeError(index, "integer", args[index]);
  const int64_t i = args[index].as_int();
  if (i < 0 || static_cast<uint64_t>(i) < least || static_cast<uint64_t>(i) > most) {
    return ctx.Error(
        ctx.ArgSpan(index), absl::StrCat(ctx.name(), ": ", what, " ", i, " out of range"),
        most < least ? "there is nothing in it" : absl::StrCat("it may be ", least, " to ", most));
  }
  *out = static_cast<size_t>(i);
  return std::nullopt;
}

// The optional arguments START and END from `index` on, of something with `size` parts.
inline MaybeError ReadRange(CallContext& ctx, Args args, size_t index, size_t size, size_t* start,
                            size_t* end) {
  *start = 0;
  *end = size;
  if (args.size() > index + 1) {
    if (auto error = ReadIndex(ctx, args, index + 1, 0, size, end)) return error;
  }
  if (args.size() > index) return ReadIndex(ctx, args, index, 0, *end, start);
  return std::nullopt;
}

inline MaybeError WantProcedure(CallContext& ctx, Args args, size_t index) {
  if (args[index].is_procedure()) return std::nullopt;
  return ctx.TypeError(index, "procedure", args[index]);
}

// equal?, charged; nullopt: fail with OutOfSteps().
inline std::optional<bool> ChargedEqual(CallContext& ctx, Value a, Value b) {
  const auto is_structure = [](Value v) { return v.is_pair() || v.is_vector(); };
  if (!is_structure(a) || !is_structure(b)) {
    const bool texts = a.is_string() && b.is_string();
    if (!ctx.Charge(1 + (texts ? a.text().size() / 64 : 0))) return std::nullopt;
    return a.is_number() && b.is_number() ? Compare(a, b) == 0 : Same(a, b);
  }
  // Bit by bit, so that a comparison without end stops at the limit of steps.
  for (uint64_t budget = 1024;; budget *= 2) {
    uint64_t used = 0;
    const std::optional<bool> equal = Equal(a, b, budget, &used);
    if (!ctx.Charge(used)) return std::nullopt;
    if (equal) return equal;
  }
}

// The beginning of a value in write form, for a message.
inline std::string Shown(Value value) {
  constexpr size_t kMost = 80;
  std::string text;
  if (!WriteTo(value, &text, kMost)) text += "...";
  return text;
}

}  // namespace pelagos::reml
