// What a container's program may do with which paths, whatever user it is: everything that no rule
// allows is denied (EACCES).
//
// A value; paths are inside the container. Source: landlock(7).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/abi/landlock.h"

namespace pelagos {

// To a path and all below it.
struct LandlockAccess {
  bool read = false;     // read files, list folders
  bool write = false;    // write, make, move and remove
  bool execute = false;  // run programs

  // The kernel's rights, of all versions.
  constexpr uint64_t rights() const {
    return (read ? kLandlockReadFile | kLandlockReadDir : uint64_t{0}) |
           (write ? kLandlockWriteFile | kLandlockChangeDir | kLandlockRefer | kLandlockTruncate |
                        kLandlockIoctlDevice
                  : uint64_t{0}) |
           (execute ? kLandlockExecute : uint64_t{0});
  }
  friend constexpr bool operator==(const LandlockAccess&, const LandlockAccess&) = default;
};

struct LandlockRule {
  std::string path;  // absolute
  LandlockAccess access;
  friend bool operator==(const LandlockRule&, const LandlockRule&) = default;
};

// Empty: no Landlock.
using LandlockRules = std::vector<LandlockRule>;

struct LandlockAccessRow {
  absl::string_view name;
  LandlockAccess access;
};

inline constexpr LandlockAccessRow kLandlockAccesses[] = {
    {"ro", {true, false, false}}, {"rw", {true, true, false}},  {"rx", {true, false, true}},
    {"rwx", {true, true, true}},  {"wo", {false, true, false}}, {"wx", {false, true, true}},
    {"x", {false, false, true}},
};

constexpr std::optional<LandlockAccess> FindLandlockAccess(absl::string_view name) {
  for (const LandlockAccessRow& row : kLandlockAccesses) {
    if (row.name == name) return row.access;
  }
  return std::nullopt;
}

// "" for what no row names.
constexpr absl::string_view NameOf(LandlockAccess access) {
  for (const LandlockAccessRow& row : kLandlockAccesses) {
    if (row.access == access) return row.name;
  }
  return "";
}

// "ro:/usr", "rwx:/srv/a:b"
inline std::optional<LandlockRule> ParseLandlockRule(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  const std::optional<LandlockAccess> access = FindLandlockAccess(text.substr(0, colon));
  const absl::string_view path = text.substr(colon + 1);
  if (!access || path.empty() || path[0] != '/') return std::nullopt;
  return LandlockRule{std::string(path), *access};
}

}  // namespace pelagos
