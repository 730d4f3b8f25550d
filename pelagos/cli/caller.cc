#include "pelagos/cli/caller.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"

namespace pelagos::cli {

std::optional<std::string> VariableOf(const Caller& caller, absl::string_view key) {
  if (caller.environment == nullptr) {
    const char* value = std::getenv(std::string(key).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }
  for (absl::string_view variable : *caller.environment) {
    if (absl::ConsumePrefix(&variable, key) && absl::ConsumePrefix(&variable, "=")) {
      return std::string(variable);
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::string> AbsolutePath(const Caller& caller, absl::string_view path) {
  if (path.empty() || path[0] == '/') return std::string(path);
  std::string folder = caller.folder;
  if (folder.empty()) {
    char ours[PATH_MAX];
    if (::getcwd(ours, sizeof(ours)) == nullptr) return ErrnoStatus(errno, "getcwd", ".");
    folder = ours;
  }
  while (absl::ConsumePrefix(&path, "./")) {
  }
  if (path == "." || path.empty()) return folder;
  return absl::StrCat(folder, absl::EndsWith(folder, "/") ? "" : "/", path);
}

}  // namespace pelagos::cli
