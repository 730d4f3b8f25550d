// How a mount is made, beside what and where: propagation, recursion, ids, a path within it, and
// what a tmpfs is like.
//
// Values. Source: mount(2), mount_namespaces(7), mount_setattr(2), tmpfs(5); the words are those of
// docker-run(1), --mount.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos {

// What becomes of mounts made below it later. All are recursive: Docker's "slave" is "rslave".
enum class Propagation : uint8_t {
  kPrivate,  // nothing passes
  kSlave,    // the host's show inside
  kShared,   // both ways
};

constexpr absl::string_view NameOf(Propagation propagation) {
  switch (propagation) {
    case Propagation::kSlave:
      return "slave";
    case Propagation::kShared:
      return "shared";
    case Propagation::kPrivate:
      break;
  }
  return "private";
}

// "rslave" too.
constexpr std::optional<Propagation> FindPropagation(absl::string_view name) {
  for (Propagation value : {Propagation::kPrivate, Propagation::kSlave, Propagation::kShared}) {
    if (name == NameOf(value)) return value;
    if (!name.empty() && name[0] == 'r' && name.substr(1) == NameOf(value)) return value;
  }
  return std::nullopt;
}

// Whether a bind brings the mounts below its source, and whether they become read-only with it.
enum class BindRecursion : uint8_t { kEnabled, kReadOnly, kWritable, kDisabled };

// Docker's words. kEnabled and kReadOnly differ in nothing here: every kernel that can run us has
// mount_setattr(2).
constexpr absl::string_view NameOf(BindRecursion recursion) {
  switch (recursion) {
    case BindRecursion::kReadOnly:
      return "readonly";
    case BindRecursion::kWritable:
      return "writable";
    case BindRecursion::kDisabled:
      return "disabled";
    case BindRecursion::kEnabled:
      break;
  }
  return "enabled";
}

constexpr std::optional<BindRecursion> FindBindRecursion(absl::string_view name) {
  for (BindRecursion value : {BindRecursion::kEnabled, BindRecursion::kReadOnly,
                              BindRecursion::kWritable, BindRecursion::kDisabled}) {
    if (name == NameOf(value)) return value;
  }
  return std::nullopt;
}

// Files of the owners `files`, `files` + 1, ... show as `shown`, `shown` + 1, ...; all other owners
// show as the overflow id. A line of /proc/PID/uid_map.
struct IdMapping {
  uint32_t files = 0, shown = 0, count = 0;
  friend constexpr bool operator==(const IdMapping&, const IdMapping&) = default;
};

inline constexpr size_t kMostIdMappings = 340;  // user_namespaces(7)

struct MountIdMap {
  std::vector<IdMapping> uids, gids;
  bool empty() const { return uids.empty() && gids.empty(); }
  friend bool operator==(const MountIdMap&, const MountIdMap&) = default;
};

// Why the map cannot be one, as the end of a sentence, or "".
inline absl::string_view IdMapProblem(const MountIdMap& map) {
  if (map.empty()) return "";
  for (const std::vector<IdMapping>* list : {&map.uids, &map.gids}) {
    if (list->empty()) return "needs user ids and group ids";
    if (list->size() > kMostIdMappings) return "has more than 340 ranges";
    for (size_t i = 0; i < list->size(); ++i) {
      const IdMapping& a = (*list)[i];
      constexpr uint64_t kIds = 0xffffffff;  // the last id is "none"
      if (a.count == 0) return "has an empty range";
      if (uint64_t{a.files} + a.count > kIds || uint64_t{a.shown} + a.count > kIds) {
        return "has ids over 4294967294";
      }
      for (size_t j = 0; j < i; ++j) {
        const IdMapping& b = (*list)[j];
        const auto meet = [&](uint64_t x, uint64_t y) {
          return x < y + b.count && y < x + a.count;
        };
        if (meet(a.files, b.files) || meet(a.shown, b.shown)) return "has ranges that overlap";
      }
    }
  }
  return "";
}

// tmpfs(5). Unset: the kernel's defaults, but mode 1777.
struct TmpfsOptions {
  uint64_t size_bytes = 0;  // 0: half of the memory
  uint64_t inodes = 0;      // 0: the kernel's
  std::optional<uint32_t> mode, uid, gid;
  friend bool operator==(const TmpfsOptions&, const TmpfsOptions&) = default;
};

// Of /dev/shm, as Docker.
inline constexpr uint64_t kDefaultShmBytes = 64 << 20;

struct MountOptions {
  Propagation propagation = Propagation::kPrivate;
  BindRecursion recursion = BindRecursion::kEnabled;
  // Unset: on a tmpfs nosuid and nodev, on others what the source has.
  std::optional<bool> nosuid, nodev, noexec;
  std::string subpath;  // of a bind or volume: what is below its root, links inside it
  MountIdMap ids;       // of the mount itself, not of those below it
  TmpfsOptions tmpfs;
  bool make_source = false;  // a bind whose source is missing makes a folder
  bool relabel = false;      // SELinux labels were asked for (z, Z)
  // Of a volume. Nobody gave it a name: it is made for the container, and goes with it.
  bool own = false;
  bool no_copy = false;  // it begins empty, whatever the image has at its place
  friend bool operator==(const MountOptions&, const MountOptions&) = default;
};

}  // namespace pelagos
