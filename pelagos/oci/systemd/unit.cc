#include "pelagos/oci/systemd/unit.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::oci {
namespace {

constexpr absl::string_view kSlice = ".slice";
constexpr absl::string_view kRootSlice = "-.slice";

// systemd.unit(5): letters, digits, ":-_.\", 255 bytes with the ending. An @ would make it an
// instance of a template.
absl::Status CheckName(absl::string_view name) {
  constexpr size_t kMost = 255;
  const bool fine = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view(":-_.\\").find(static_cast<char>(c)) != absl::string_view::npos;
  });
  if (fine && name.size() <= kMost) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "'", name,
      "' is no name of a systemd unit: letters, digits and :-_.\\ alone, at most 255 of them"));
}

// systemd.slice(5): the dashes of a slice's name are its place in the tree.
absl::Status CheckSlice(absl::string_view slice) {
  absl::string_view name = slice;
  if (slice == kRootSlice) return absl::OkStatus();
  if (!absl::ConsumeSuffix(&name, kSlice) || name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", slice, "' is no slice: its name must end in .slice"));
  }
  if (absl::StartsWith(name, "-") || absl::EndsWith(name, "-") || absl::StrContains(name, "--")) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", slice, "' is no slice: there is nothing between two of its dashes"));
  }
  return CheckName(slice);
}

// "a.slice/a-b.slice" of "a-b.slice"; "" of the root.
std::string SlicePath(absl::string_view slice) {
  if (slice == kRootSlice) return "";
  std::string path, prefix;
  for (absl::string_view part : absl::StrSplit(absl::StripSuffix(slice, kSlice), '-')) {
    absl::StrAppend(&prefix, prefix.empty() ? "" : "-", part);
    absl::StrAppend(&path, path.empty() ? "" : "/", prefix, kSlice);
  }
  return path;
}

}  // namespace

bool SystemdUnit::is_slice() const { return absl::EndsWith(name, kSlice); }

absl::StatusOr<SystemdUnit> ParseSystemdUnit(absl::string_view cgroups_path,
                                             absl::string_view container, bool user) {
  std::vector<std::string> parts = {"", "pelagos", std::string(container)};
  if (!cgroups_path.empty()) parts = absl::StrSplit(cgroups_path, ':');
  if (parts.size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"",
        cgroups_path, "\" instead"));
  }
  const std::string &prefix = parts[1], &name = parts[2];
  if (name.empty()) return absl::InvalidArgumentError("the name of the systemd unit is empty");
  SystemdUnit unit;
  unit.slice = parts[0];
  if (unit.slice.empty()) unit.slice = user ? "user.slice" : "system.slice";
  if (unit.slice == "-") unit.slice = std::string(kRootSlice);
  PELAGOS_RETURN_IF_ERROR(CheckSlice(unit.slice));
  if (absl::EndsWith(name, kSlice)) {
    unit.name = name;
    if (name == kRootSlice) return absl::InvalidArgumentError("the root slice is no container's");
    PELAGOS_RETURN_IF_ERROR(CheckSlice(name));
    // Its name alone says where it is.
    const size_t dash = name.rfind('-');
    unit.slice = dash == std::string::npos ? std::string(kRootSlice)
                                           : absl::StrCat(name.substr(0, dash), kSlice);
    return unit;
  }
  unit.name = absl::StrCat(prefix, "-", name, ".scope");
  PELAGOS_RETURN_IF_ERROR(CheckName(unit.name));
  return unit;
}

std::string UnitPath(const SystemdUnit& unit) {
  if (unit.is_slice()) return SlicePath(unit.name);
  const std::string slice = SlicePath(unit.slice);
  return slice.empty() ? unit.name : absl::StrCat(slice, "/", unit.name);
}

}  // namespace pelagos::oci
