// Files that arguments of a call name: found from the file in which the call is written, and text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {

// Relative paths count from the folder of the source in which the call stands; a source that is no
// file (-e, <stdin>) is in the working folder.
inline std::string PathFrom(CallContext& ctx, absl::string_view path) {
  const bool dot = absl::ConsumePrefix(&path, "./");
  if (dot) path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  const Source* source = ctx.sources().Find(ctx.CallSpan().source);
  if (source == nullptr || (!dot && !path.empty() && path[0] == '/')) return std::string(path);
  const absl::string_view name = source->name();
  const size_t slash = name.rfind('/');
  if (slash == absl::string_view::npos) return std::string(path);
  return absl::StrCat(name.substr(0, slash + 1), path);
}

// Reads the file that argument `index` names into `text`; otherwise fails, and `path` is what was
// tried.
inline std::optional<EvalResult> ReadFileArgument(CallContext& ctx, size_t index, Value argument,
                                                  std::string& path, std::string& text) {
  constexpr size_t kLargest = size_t{16} << 20;
  constexpr size_t kBytesPerStep = 64;
  if (!argument.is_string()) return ctx.TypeError(index, "string", argument);
  if (argument.text().empty() || argument.text().find('\0') != absl::string_view::npos) {
    return ctx.Error(ctx.ArgSpan(index),
                     absl::StrCat(ctx.name(), ": not a path: ",
                                  argument.text().empty() ? "it is empty" : "it has a NUL"));
  }
  path = PathFrom(ctx, argument.text());
  const auto fail = [&](absl::string_view problem, std::string hint = "") {
    return ctx.Error(ctx.ArgSpan(index), absl::StrCat(ctx.name(), ": '", path, "': ", problem),
                     std::move(hint));
  };
  absl::StatusOr<std::string> file = ctx.host().read_file(path, kLargest);
  if (absl::IsNotFound(file.status())) {
    return fail(file.status().message(),
                argument.text()[0] == '/' ? "" : "paths count from the folder of this file");
  }
  if (!file.ok()) return fail(file.status().message());
  if (!ctx.Charge(file->size() / kBytesPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(file->size())) return ctx.OutOfMemory();
  if (const std::optional<size_t> bad = FindInvalidUtf8(*file)) {
    return fail(absl::StrCat("not UTF-8 at byte ", *bad));
  }
  text = *std::move(file);
  return std::nullopt;
}

}  // namespace pelagos::reml
