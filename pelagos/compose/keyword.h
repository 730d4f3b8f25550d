// The keyword arguments of a builtin: (start SERVICE :needs FUTURES :env PROCEDURE).
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/base/suggest.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/printer.h"

namespace pelagos::compose {

struct Keyword {
  absl::string_view name;           // ":needs"
  absl::string_view wants;          // "futures": what its value must be; empty: it has no value
  std::optional<size_t>* argument;  // gets the index of the value, or of the keyword without one
};

// "NAME: :needs requires futures", and what it got.
inline reml::EvalResult KeywordError(reml::CallContext& ctx, size_t argument,
                                     absl::string_view keyword, absl::string_view what,
                                     absl::string_view got) {
  return ctx.Error(ctx.ArgSpan(argument), absl::StrCat(ctx.name(), ": ", keyword, " requires ",
                                                       what, got.empty() ? "" : ", got ", got));
}

// Reads `args` from `first` to their end; the last of two equal keywords counts. nullopt: fine.
inline std::optional<reml::EvalResult> ReadKeywords(reml::CallContext& ctx,
                                                    absl::Span<const reml::Value> args,
                                                    size_t first,
                                                    std::initializer_list<Keyword> keywords) {
  for (size_t i = first; i < args.size(); ++i) {
    const Keyword* found = nullptr;
    for (const Keyword& keyword : keywords) {
      if (args[i].is_symbol() && args[i].text() == keyword.name) found = &keyword;
    }
    if (found == nullptr) {
      std::vector<absl::string_view> names;
      for (const Keyword& keyword : keywords) names.push_back(keyword.name);
      const std::string near = args[i].is_symbol() ? Suggest(args[i].text(), names) : std::string();
      std::string text;
      reml::WriteTo(args[i], &text, 200);
      return ctx.Error(ctx.ArgSpan(i), absl::StrCat(ctx.name(), ": unexpected argument: ", text),
                       near.empty() ? absl::StrCat("it takes ", absl::StrJoin(names, " and "))
                                    : absl::StrCat("did you mean '", near, "'?"));
    }
    if (!found->wants.empty() && ++i == args.size()) {
      return KeywordError(ctx, i - 1, found->name, found->wants, "");
    }
    *found->argument = i;
  }
  return std::nullopt;
}

}  // namespace pelagos::compose
