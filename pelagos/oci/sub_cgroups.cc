#include "pelagos/oci/sub_cgroups.h"

#include <unistd.h>

#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::oci {
namespace {

// "/a/b" of "a//b/": "" is the container's own.
absl::StatusOr<std::string> Below(absl::string_view path) {
  std::string below;
  for (absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part == "..")
      return absl::InvalidArgumentError(absl::StrCat("bad sub cgroup path: ", path));
    if (part != ".") absl::StrAppend(&below, "/", part);
  }
  return below;
}

}  // namespace

absl::StatusOr<CgroupFolders> SubCgroups(const CgroupFolders& own,
                                         const std::vector<std::string>& asked) {
  CgroupFolders folders = own;
  std::set<std::string> seen;
  for (const std::string& text : asked) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos) {
      if (asked.size() != 1) {
        return absl::InvalidArgumentError(
            absl::StrCat("invalid --cgroup argument: ", text, " (missing <controller>: prefix)"));
      }
      PELAGOS_ASSIGN_OR_RETURN(const std::string below, Below(text));
      if (!folders.v2.empty()) folders.v2 += below;
      for (auto& [controller, folder] : folders.v1) {
        // systemd's own has no controllers, and nobody makes any below the container's.
        if (!absl::StartsWith(controller, "name=")) folder += below;
      }
      return folders;
    }
    PELAGOS_ASSIGN_OR_RETURN(const std::string below, Below(text.substr(colon + 1)));
    for (absl::string_view part : absl::StrSplit(text.substr(0, colon), ',')) {
      const std::string controller(part);
      if (controller.empty()) {
        return absl::InvalidArgumentError(absl::StrCat("invalid --cgroup argument: ", text));
      }
      if (!seen.insert(controller).second) {
        return absl::InvalidArgumentError(absl::StrCat("invalid --cgroup argument(s): controller ",
                                                       controller, " specified multiple times"));
      }
      const auto found = folders.v1.find(controller);
      if (found == folders.v1.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("unknown controller ", controller, " in --cgroup ", text));
      }
      found->second += below;
    }
  }
  return folders;
}

std::string FirstMissing(const CgroupFolders& folders) {
  const auto missing = [](const std::string& folder) {
    return !folder.empty() && ::access(folder.c_str(), F_OK) != 0;
  };
  if (missing(folders.v2)) return folders.v2;
  for (const auto& [controller, folder] : folders.v1) {
    if (missing(folder)) return folder;
  }
  return "";
}

}  // namespace pelagos::oci
