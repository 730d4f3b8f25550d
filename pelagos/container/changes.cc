#include "pelagos/container/changes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {
namespace {

constexpr size_t kMostLevels = 256;

bool IsWhiteout(const struct stat& info) { return S_ISCHR(info.st_mode) && info.st_rdev == 0; }

// `folder` is open for reading.
bool IsOpaque(const Fd& folder) {
  char value = 0;
  for (const char* name : {"trusted.overlay.opaque", "user.overlay.opaque"}) {
    if (::fgetxattr(folder.get(), name, &value, 1) == 1 && value == 'y') return true;
  }
  return false;
}

// ENOENT: none of the name. A link is not followed.
absl::StatusOr<struct stat> StatEntry(const Fd& folder, const std::string& name) {
  struct stat info = {};
  if (::fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return ErrnoStatus(errno, "fstatat", name);
  }
  return info;
}

absl::StatusOr<Fd> OpenFolder(const Fd& folder, const std::string& name) {
  const int opened =
      ::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return ErrnoStatus(errno, "openat", name);
  return Fd(opened);
}

// A folder of the image: the layers that have it, top first, as far as they show.
using Folders = std::vector<std::shared_ptr<const Fd>>;

// What the layers show of a name in a folder; nullopt: nothing.
struct Below {
  struct stat info = {};
  Folders folders;  // if it is one
};
absl::StatusOr<std::optional<Below>> LookBelow(const Folders& folders, const std::string& name) {
  std::optional<Below> below;
  for (const auto& folder : folders) {
    const absl::StatusOr<struct stat> info = StatEntry(*folder, name);
    if (FindErrno(info.status()) == ENOENT) continue;
    PELAGOS_RETURN_IF_ERROR(info.status());
    if (IsWhiteout(*info) || (below && !S_ISDIR(info->st_mode))) break;
    if (!below) below.emplace().info = *info;
    if (!S_ISDIR(info->st_mode)) break;
    PELAGOS_ASSIGN_OR_RETURN(Fd opened, OpenFolder(*folder, name));
    const bool opaque = IsOpaque(opened);
    below->folders.push_back(std::make_shared<const Fd>(std::move(opened)));
    if (opaque) break;
  }
  return below;
}

absl::StatusOr<std::set<std::string>> NamesBelow(const Folders& folders) {
  std::set<std::string> names;
  for (const auto& folder : folders) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd again, OpenFolder(*folder, "."));
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> some,
                             sys::ListFolder(again, "a layer's folder"));
    names.insert(some.begin(), some.end());
  }
  return names;
}

bool SameFolder(const struct stat& a, const struct stat& b) {
  return a.st_mode == b.st_mode && a.st_uid == b.st_uid && a.st_gid == b.st_gid;
}

class Finder {
 public:
  explicit Finder(const std::vector<std::string>& mounted)
      : mounted_(mounted.begin(), mounted.end()) {}

  // Whether anything in the folder changed. Its depth is limited, and so is the recursion's.
  absl::StatusOr<bool> Compare(const Fd& upper, const Folders& below, bool opaque,
                               const std::string& path, size_t depth) {
    if (depth > kMostLevels) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "'", path.substr(0, 100), "...' is more than ", kMostLevels, " folders deep"));
    }
    PELAGOS_ASSIGN_OR_RETURN(const Fd listing, OpenFolder(upper, "."));
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(listing, path));
    bool changed = false;
    for (const std::string& name : names) {
      const absl::StatusOr<struct stat> info = StatEntry(upper, name);
      if (FindErrno(info.status()) == ENOENT) continue;  // gone meanwhile
      PELAGOS_RETURN_IF_ERROR(info.status());
      PELAGOS_ASSIGN_OR_RETURN(const bool one, CompareOne(upper, below, name, *info,
                                                          absl::StrCat(path, "/", name), depth));
      changed = changed || one;
    }
    if (!opaque) return changed;
    PELAGOS_ASSIGN_OR_RETURN(const std::set<std::string> old, NamesBelow(below));
    for (const std::string& name : old) {
      if (std::binary_search(names.begin(), names.end(), name)) continue;
      PELAGOS_ASSIGN_OR_RETURN(const std::optional<Below> was, LookBelow(below, name));
      if (!was) continue;
      changes_.push_back({'D', absl::StrCat(path, "/", name)});
      changed = true;
    }
    return changed;
  }

  std::vector<Change> Finish() && {
    std::sort(changes_.begin(), changes_.end(),
              [](const Change& a, const Change& b) { return a.path < b.path; });
    return std::move(changes_);
  }

 private:
  absl::StatusOr<bool> CompareOne(const Fd& upper, const Folders& below, const std::string& name,
                                  const struct stat& info, const std::string& path, size_t depth) {
    PELAGOS_ASSIGN_OR_RETURN(const std::optional<Below> was, LookBelow(below, name));
    if (IsWhiteout(info)) {
      if (!was) return false;
      changes_.push_back({'D', path});
      return true;
    }
    const bool ours = !was && mounted_.count(path) != 0;
    if (!S_ISDIR(info.st_mode)) {
      if (ours && info.st_size == 0) return false;
      changes_.push_back({was ? 'C' : 'A', path});
      return true;
    }
    const size_t place = changes_.size();
    changes_.push_back({was ? 'C' : 'A', path});
    PELAGOS_ASSIGN_OR_RETURN(const Fd folder, OpenFolder(upper, name));
    const bool was_folder = was && S_ISDIR(was->info.st_mode);
    PELAGOS_ASSIGN_OR_RETURN(const bool inside,
                             Compare(folder, was_folder ? was->folders : Folders(),
                                     was_folder && IsOpaque(folder), path, depth + 1));
    const bool itself = was_folder ? !SameFolder(info, was->info) : !HasMountedBelow(path);
    if (inside || (itself && !ours)) return true;
    changes_.erase(changes_.begin() + static_cast<std::ptrdiff_t>(place));
    return false;
  }

  // Whether the runtime made the folder only to mount something in it.
  bool HasMountedBelow(const std::string& path) const {
    const auto next = mounted_.lower_bound(path + "/");
    return next != mounted_.end() && next->compare(0, path.size() + 1, path + "/") == 0;
  }

  std::set<std::string> mounted_;
  std::vector<Change> changes_;
};

}  // namespace

absl::StatusOr<std::vector<Change>> FindChanges(const LayerFolders& layers,
                                                const std::vector<std::string>& mounted) {
  const absl::StatusOr<Fd> upper = sys::OpenFile(layers.upper, O_RDONLY | O_DIRECTORY);
  // It was never started.
  if (FindErrno(upper.status()) == ENOENT) return std::vector<Change>();
  PELAGOS_RETURN_IF_ERROR(upper.status());
  Folders below;
  for (const std::string& lower : layers.lowers) {
    PELAGOS_ASSIGN_OR_RETURN(Fd layer, sys::OpenFile(lower, O_RDONLY | O_DIRECTORY), "a layer");
    below.push_back(std::make_shared<const Fd>(std::move(layer)));
  }
  Finder finder(mounted);
  PELAGOS_RETURN_IF_ERROR(finder.Compare(*upper, below, IsOpaque(*upper), "", 0).status());
  return std::move(finder).Finish();
}

}  // namespace pelagos::container
