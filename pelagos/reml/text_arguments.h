// What builtins do with arguments that are text: check them, count the work, cut them up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {

// Work on text is counted in pieces of this many bytes.
inline constexpr size_t kBytesPerStep = 64;

// Checks that the arguments from number `first` on are strings, `count` of them or all that there
// are, and counts their length as work. A failure is what the builtin returns.
inline MaybeError ExpectStrings(CallContext& ctx, Args args, size_t first = 0,
                                size_t count = SIZE_MAX) {
  size_t bytes = 0;
  for (size_t i = first; i < args.size() && i - first < count; ++i) {
    if (!args[i].is_string()) return ctx.TypeError(i, "string", args[i]);
    bytes += args[i].text().size();
  }
  if (!ctx.Charge(bytes / kBytesPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(bytes)) return ctx.OutOfMemory();
  return std::nullopt;
}

// Checks that an argument is an integer from 0 on.
inline MaybeError ExpectCount(CallContext& ctx, Args args, size_t index) {
  if (!args[index].is_int()) return ctx.TypeError(index, "integer", args[index]);
  if (args[index].as_int() >= 0) return std::nullopt;
  return ctx.Error(ctx.ArgSpan(index),
                   absl::StrCat(ctx.name(), ": ", args[index].as_int(), " is negative"));
}

// The part of a text that the arguments [START [END]], from number `first` on, name in characters.
// Without them: all of it.
inline MaybeError TakePart(CallContext& ctx, Args args, size_t first, absl::string_view text,
                           absl::string_view* part) {
  const auto out_of_range = [&](size_t index) {
    return ctx.Error(ctx.ArgSpan(index), absl::StrCat(ctx.name(), ": index out of range"));
  };
  size_t ends[2] = {0, text.size()};
  for (size_t i = first; i < args.size() && i < first + 2; ++i) {
    if (!args[i].is_int()) return ctx.TypeError(i, "integer", args[i]);
    const int64_t index = args[i].as_int();
    const std::optional<size_t> offset =
        index < 0 ? std::nullopt : ByteOffset(text, static_cast<size_t>(index));
    if (!offset) return out_of_range(i);
    ends[i - first] = *offset;
  }
  if (ends[0] > ends[1]) return out_of_range(first);
  *part = text.substr(ends[0], ends[1] - ends[0]);
  return std::nullopt;
}

// A list of strings.
inline EvalResult ListOfStrings(CallContext& ctx, const std::vector<absl::string_view>& pieces) {
  size_t bytes = pieces.size() * (sizeof(Pair) + sizeof(StringObject));
  for (absl::string_view piece : pieces) bytes += piece.size();
  if (!ctx.Charge(pieces.size())) return ctx.OutOfSteps();
  if (!ctx.Fits(bytes)) return ctx.OutOfMemory();
  ListBuilder list(ctx.heap());
  for (absl::string_view piece : pieces) {
    list.Add(ctx.heap().String(std::string(piece)), ctx.CallSpan());
  }
  return list.Finish(ctx.CallSpan());
}

}  // namespace pelagos::reml
