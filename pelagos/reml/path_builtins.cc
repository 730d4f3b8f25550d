// Paths as text: nothing here looks at a disk.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/text_arguments.h"

namespace pelagos::reml {
namespace {

bool IsAbsolutePath(absl::string_view path) { return absl::StartsWith(path, "/"); }

// Without the slashes at its end, of which "/" keeps one.
absl::string_view Trim(absl::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

absl::string_view BaseOf(absl::string_view path) {
  path = Trim(path);
  if (path == "/") return path;
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

absl::string_view FolderOf(absl::string_view path) {
  path = Trim(path);
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return Trim(path.substr(0, slash + 1));
}

absl::string_view ExtensionOf(absl::string_view path) {
  const absl::string_view base = BaseOf(path);
  const size_t dot = base.rfind('.');
  if (dot == absl::string_view::npos || dot == 0 || base == "..") return "";
  return base.substr(dot);
}

std::string Normalize(absl::string_view path) {
  const bool absolute = IsAbsolutePath(path);
  std::vector<absl::string_view> parts;
  for (absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (!absolute) {
      parts.push_back(part);
    }
  }
  const std::string joined = absl::StrJoin(parts, "/");
  if (absolute) return absl::StrCat("/", joined);
  return joined.empty() ? "." : joined;
}

EvalResult Join(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  std::string path;
  for (Value arg : args) {
    const absl::string_view part = arg.text();
    if (part.empty()) continue;
    if (IsAbsolutePath(part)) {
      path.clear();
    } else if (!path.empty() && path.back() != '/') {
      path.push_back('/');
    }
    absl::StrAppend(&path, part);
  }
  return ctx.heap().String(std::move(path));
}

template <absl::string_view (*kPart)(absl::string_view)>
EvalResult PartOf(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().String(std::string(kPart(args[0].text())));
}

EvalResult NormalizePath(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().String(Normalize(args[0].text()));
}

EvalResult IsAbsolute(CallContext& ctx, Args args) {
  if (!args[0].is_string()) return ctx.TypeError(0, "string", args[0]);
  return Value::Bool(IsAbsolutePath(args[0].text()));
}

EvalResult IsRelative(CallContext& ctx, Args args) {
  if (!args[0].is_string()) return ctx.TypeError(0, "string", args[0]);
  return Value::Bool(!IsAbsolutePath(args[0].text()));
}

constexpr Builtin kRows[] = {
    {"path-join", "part:string... -> string", Join,
     "All of PART with slashes between them. An absolute PART forgets those before it, an empty "
     "one is left out.",
     R"((path-join "data" "web" "a.txt") => "data/web/a.txt"
(path-join "data/" "/etc") => "/etc")",
     1},
    {"path-dirname", "path:string -> string", PartOf<FolderOf>,
     "The folder that PATH lies in; `.` when PATH names none.",
     R"((path-dirname "data/web/a.txt") => "data/web"
(path-dirname "a.txt") => ".")",
     1},
    {"path-basename", "path:string -> string", PartOf<BaseOf>, "The last name in PATH.",
     R"((path-basename "data/web/a.txt") => "a.txt"
(path-basename "data/web/") => "web")",
     1},
    {"path-extension", "path:string -> string", PartOf<ExtensionOf>,
     "What the last name in PATH has from its last dot on; empty when there is no dot, or only one "
     "in front.",
     R"((path-extension "data/a.tar.gz") => ".gz"
(path-extension ".profile") => "")",
     1},
    {"path-normalize", "path:string -> string", NormalizePath,
     "PATH without `.`, doubled slashes and a slash at its end, and without each `..` that follows "
     "a name. It looks at no disk: where the name is a symbolic link, the result is another file.",
     R"((path-normalize "data//./web/../db/") => "data/db"
(path-normalize "") => ".")",
     1},
    {"path-absolute?", "path:string -> bool", IsAbsolute, "Whether PATH begins at the root.",
     R"((path-absolute? "/etc") => #t)", 1},
    {"path-relative?", "path:string -> bool", IsRelative,
     "Whether PATH does not begin at the root.", R"((path-relative? "../web") => #t)", 1},
};

}  // namespace

BuiltinTable PathBuiltins() {
  return {"Paths", "Paths are strings. These procedures look at no disk.", kRows};
}

}  // namespace pelagos::reml
