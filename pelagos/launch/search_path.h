// Where a program may be, by its name and the PATH of its environment.
//
// Source: execvp(3), environ(7).
#pragma once

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace pelagos::launch {

// Used where the environment has no PATH.
inline constexpr absl::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

inline absl::string_view PathOf(const std::vector<std::string>& env) {
  for (absl::string_view variable : env) {
    if (absl::ConsumePrefix(&variable, "PATH=")) return variable;
  }
  return kDefaultPath;
}

// In the order in which they are tried. A name with a slash stands for itself. An empty entry of
// PATH is the current folder.
inline std::vector<std::string> ProgramCandidates(absl::string_view name,
                                                  const std::vector<std::string>& env) {
  if (absl::StrContains(name, "/")) return {std::string(name)};
  std::vector<std::string> candidates;
  for (absl::string_view folder : absl::StrSplit(PathOf(env), ':')) {
    candidates.push_back(absl::StrCat(folder.empty() ? "." : folder, "/", name));
  }
  return candidates;
}

}  // namespace pelagos::launch
