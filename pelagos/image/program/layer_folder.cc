#include "pelagos/image/program/layer_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/security.h"

namespace pelagos::image {
namespace {

constexpr absl::string_view kWhiteoutPrefix = ".wh.";
constexpr absl::string_view kReservedPrefix = ".wh..wh.";
constexpr absl::string_view kOpaque = ".wh..wh..opq";
constexpr mode_t kModeBits = 07777;
// What a file or folder is made with: the rest of its mode comes when its owner is right.
constexpr mode_t kPlainBits = 0777;
constexpr uint64_t kInside =
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

absl::Status Hostile(absl::string_view path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("entry '", path, "' ", why));
}

bool IsWhiteout(const struct stat& info) { return S_ISCHR(info.st_mode) && info.st_rdev == 0; }

// In a user namespace nobody may use trusted.*; overlays made there look at user.* instead
// (overlayfs.rst, "User xattr").
absl::Status MakeOpaque(int folder, const std::string& path) {
  if (::fsetxattr(folder, "trusted.overlay.opaque", "y", 1, 0) == 0) return absl::OkStatus();
  if (errno == EPERM && !sys::InInitialUserNamespace()) {
    if (::fsetxattr(folder, "user.overlay.opaque", "y", 1, 0) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, "fsetxattr(user.overlay.opaque)", path);
  }
  return ErrnoStatus(errno, "fsetxattr(trusted.overlay.opaque)", path);
}

absl::StatusOr<std::pair<uid_t, gid_t>> Owner(const TarEntry& entry) {
  constexpr int64_t kLargest = std::numeric_limits<uint32_t>::max() - int64_t{1};
  if (entry.uid < 0 || entry.uid > kLargest || entry.gid < 0 || entry.gid > kLargest) {
    return Hostile(entry.path, absl::StrCat("has an impossible owner ", entry.uid, ":", entry.gid));
  }
  return std::pair(static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid));
}

// For files and folders that are open; times only of files, since folders change on. The order is
// the kernel's: chown(2) clears the set-id bits and capabilities. What is right already, as most
// is, costs a look instead of a change.
absl::Status SetAttributes(int fd, const TarEntry& entry) {
  PELAGOS_ASSIGN_OR_RETURN(const auto owner, Owner(entry));
  struct stat info = {};
  if (::fstat(fd, &info) != 0) return ErrnoStatus(errno, "fstat", entry.path);
  const bool owned = info.st_uid == owner.first && info.st_gid == owner.second;
  if (!owned && ::fchown(fd, owner.first, owner.second) != 0) {
    return ErrnoStatus(errno, "fchown", entry.path);
  }
  if ((!owned || (info.st_mode & kModeBits) != entry.mode) && ::fchmod(fd, entry.mode) != 0) {
    return ErrnoStatus(errno, "fchmod", entry.path);
  }
  for (const auto& [name, value] : entry.xattrs) {
    if (!IsImageXattr(name)) continue;
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    // A file system without user xattrs loses labels at most; a lost capability breaks programs.
    if (errno == ENOTSUP && absl::StartsWith(name, "user.")) continue;
    return ErrnoStatus(errno, absl::StrCat("fsetxattr(", name, ")"), entry.path);
  }
  if (entry.kind == TarKind::kFolder) return absl::OkStatus();
  const timespec times[] = {entry.mtime, entry.mtime};
  if (::futimens(fd, times) != 0) return ErrnoStatus(errno, "futimens", entry.path);
  return absl::OkStatus();
}

}  // namespace

bool IsImageXattr(absl::string_view name) {
  return name == "security.capability" ||
         (absl::StartsWith(name, "user.") && !absl::StartsWith(name, "user.overlay."));
}

absl::StatusOr<std::vector<std::string>> SplitArchivePath(absl::string_view path) {
  std::vector<std::string> parts;
  for (absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part == "..") return Hostile(path, "climbs with '..'");
    if (part.size() > 255) return Hostile(path, "has a name of more than 255 bytes");
    parts.emplace_back(part);
  }
  if (parts.size() > kMaxDepth) {
    return Hostile(path.substr(0, 100),
                   absl::StrCat("... is more than ", kMaxDepth, " folders deep"));
  }
  return parts;
}

absl::StatusOr<LayerFolder> LayerFolder::Open(const std::string& folder, WhiteoutNames whiteouts) {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::OpenFile(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return LayerFolder(sys::RootFd(std::move(fd)), whiteouts);
}

// One step down, made where it is missing. Not readable from outside until its entry says so.
absl::StatusOr<Fd> LayerFolder::OpenFolder(int parent, const std::string& name,
                                           const std::string& path) {
  constexpr uint64_t kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  absl::StatusOr<Fd> folder = sys::OpenAt2(parent, name, kFlags, 0, kInside);
  if (folder.ok()) return folder;
  const std::optional<int> error = FindErrno(folder.status());
  bool opaque = false;
  if (error == ENOTDIR || error == ELOOP) {
    struct stat info = {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return ErrnoStatus(errno, "fstatat", path);
    }
    if (S_ISLNK(info.st_mode)) return Hostile(path, "lies below a symbolic link of the same layer");
    if (!IsWhiteout(info)) return Hostile(path, "lies below a file of the same layer");
    // The folder below was removed and made anew: only what this layer says is in it.
    if (::unlinkat(parent, name.c_str(), 0) != 0) return ErrnoStatus(errno, "unlinkat", path);
    opaque = true;
  } else if (error != ENOENT) {
    return folder.status();
  }
  if (::mkdirat(parent, name.c_str(), 0755) != 0) return ErrnoStatus(errno, "mkdirat", path);
  PELAGOS_ASSIGN_OR_RETURN(Fd made, sys::OpenAt2(parent, name, kFlags, 0, kInside));
  if (::fchmod(made.get(), 0755) != 0) return ErrnoStatus(errno, "fchmod", path);
  if (opaque) PELAGOS_RETURN_IF_ERROR(MakeOpaque(made.get(), path));
  return made;
}

absl::StatusOr<LayerFolder::Place> LayerFolder::Find(const std::vector<std::string>& parts) {
  Place place;
  place.path = absl::StrJoin(parts, "/");
  place.name = parts.back();
  const std::vector<std::string> above(parts.begin(), parts.end() - 1);
  if (above.empty()) {
    place.parent = root_.fd().get();
    return place;
  }
  if (!parent_.valid() || above != parent_parts_) {
    parent_.reset();
    absl::StatusOr<Fd> folder = sys::OpenAt2(root_.fd().get(), absl::StrJoin(above, "/"),
                                             O_RDONLY | O_DIRECTORY, 0, kInside);
    if (!folder.ok()) {
      PELAGOS_ASSIGN_OR_RETURN(folder, root_.OpenBeneath(".", O_RDONLY | O_DIRECTORY));
      for (const std::string& part : above) {
        folder = OpenFolder(folder->get(), part, place.path);
        PELAGOS_RETURN_IF_ERROR(folder.status());
      }
    }
    parent_ = *std::move(folder);
    parent_parts_ = above;
  }
  place.parent = parent_.get();
  return place;
}

absl::StatusOr<LayerFolder::Before> LayerFolder::Clear(const Place& place, bool for_folder) {
  struct stat info = {};
  if (::fstatat(place.parent, place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Before::kNothing;
    return ErrnoStatus(errno, "fstatat", place.path);
  }
  if (S_ISDIR(info.st_mode)) {
    if (for_folder) return Before::kFolder;
    PELAGOS_RETURN_IF_ERROR(
        sys::RemoveTree(absl::StrCat("/proc/self/fd/", place.parent, "/", place.name)));
    // The open parent may have been below it; where it is the parent of it, it is not.
    if (place.parent == root_.fd().get()) parent_.reset();
    return Before::kNothing;
  }
  if (::unlinkat(place.parent, place.name.c_str(), 0) != 0) {
    return ErrnoStatus(errno, "unlinkat", place.path);
  }
  return IsWhiteout(info) ? Before::kWhiteout : Before::kNothing;
}

// A layer's whiteouts hide what is below the layer, never what the layer itself has, in whichever
// order they come.
absl::Status LayerFolder::Whiteout(const Place& place, absl::string_view hidden) {
  if (hidden.empty() || hidden == "." || hidden == "..") {
    return Hostile(place.path, "is a whiteout of nothing");
  }
  const std::string name(hidden);
  struct stat info = {};
  if (::fstatat(place.parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISDIR(info.st_mode)) return absl::OkStatus();
    PELAGOS_ASSIGN_OR_RETURN(const Fd folder, OpenFolder(place.parent, name, place.path));
    return MakeOpaque(folder.get(), place.path);
  }
  if (errno != ENOENT) return ErrnoStatus(errno, "fstatat", place.path);
  if (::mknodat(place.parent, name.c_str(), S_IFCHR, makedev(0, 0)) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "mknodat", place.path);
}

absl::Status LayerFolder::HardLink(const Place& place, const TarEntry& entry) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitArchivePath(entry.link),
                           "hard link '", entry.path, "'");
  const std::string target = absl::StrJoin(parts, "/");
  if (parts.empty()) return Hostile(entry.path, "is a hard link to a folder");
  if (target == place.path) return absl::OkStatus();
  // The target's parent is opened beside the cached one, without links on the way.
  const std::vector<std::string> above(parts.begin(), parts.end() - 1);
  absl::StatusOr<Fd> folder =
      sys::OpenAt2(root_.fd().get(), above.empty() ? "." : absl::StrJoin(above, "/"),
                   O_PATH | O_DIRECTORY, 0, kInside);
  struct stat info = {};
  if (!folder.ok() ||
      ::fstatat(folder->get(), parts.back().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
      IsWhiteout(info)) {
    return Hostile(entry.path,
                   absl::StrCat("is a hard link to '", entry.link, "', which is not in the layer"));
  }
  if (S_ISDIR(info.st_mode)) return Hostile(entry.path, "is a hard link to a folder");
  PELAGOS_RETURN_IF_ERROR(Clear(place, /*for_folder=*/false).status());
  if (::linkat(folder->get(), parts.back().c_str(), place.parent, place.name.c_str(), 0) != 0) {
    return ErrnoStatus(errno, "linkat", place.path);
  }
  return absl::OkStatus();
}

absl::Status LayerFolder::File(const Place& place, const TarEntry& entry, TarStream& tar) {
  const auto make = [&] {
    return sys::OpenAt2(place.parent, place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                        entry.mode & kPlainBits, kInside);
  };
  absl::StatusOr<Fd> made = make();
  if (FindErrno(made.status()) == EEXIST) {
    PELAGOS_RETURN_IF_ERROR(Clear(place, /*for_folder=*/false).status());
    made = make();
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd file, std::move(made));
  TarBlock block;
  int64_t end = 0;
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, tar.NextBlock(block), "entry '", place.path, "'");
    if (!more) break;
    // Holes stay holes.
    while (!block.bytes.empty()) {
      const ssize_t count =
          ::pwrite(file.get(), block.bytes.data(), block.bytes.size(), block.offset);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus(errno, "pwrite", place.path);
      block.bytes.remove_prefix(static_cast<size_t>(count));
      block.offset += count;
    }
    end = block.offset;
  }
  if (end < entry.size && ::ftruncate(file.get(), entry.size) != 0) {
    return ErrnoStatus(errno, "ftruncate", place.path);
  }
  return SetAttributes(file.get(), entry);
}

absl::Status LayerFolder::Folder(const Place& place, const std::vector<std::string>& parts,
                                 const TarEntry& entry) {
  const auto make = [&] {
    // Open to us at least, until it is open.
    const mode_t mode = (entry.mode & kPlainBits) | S_IRWXU;
    const int result = ::mkdirat(place.parent, place.name.c_str(), mode);
    return result == 0 ? 0 : errno;
  };
  Before before = Before::kNothing;
  int error = make();
  if (error == EEXIST) {
    PELAGOS_ASSIGN_OR_RETURN(before, Clear(place, /*for_folder=*/true));
    error = before == Before::kFolder ? 0 : make();
  }
  if (error != 0) return ErrnoStatus(error, "mkdirat", place.path);
  PELAGOS_ASSIGN_OR_RETURN(
      Fd folder,
      sys::OpenAt2(place.parent, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, kInside));
  if (before == Before::kWhiteout) {
    PELAGOS_RETURN_IF_ERROR(MakeOpaque(folder.get(), place.path));
  }
  folder_times_.emplace_back(place.path, entry.mtime);
  PELAGOS_RETURN_IF_ERROR(SetAttributes(folder.get(), entry));
  // What comes next lies in it, most often.
  parent_ = std::move(folder);
  parent_parts_ = parts;
  return absl::OkStatus();
}

// Links, pipes and devices: never opened.
absl::Status LayerFolder::Node(const Place& place, const TarEntry& entry) {
  PELAGOS_ASSIGN_OR_RETURN(const auto owner, Owner(entry));
  const bool link = entry.kind == TarKind::kSymlink;
  if (entry.kind == TarKind::kCharDevice && entry.device == 0) {
    return Hostile(place.path, "is a device 0:0, which overlayfs takes for a whiteout");
  }
  if (link && entry.link.empty()) return Hostile(place.path, "is a symbolic link to nothing");
  const char* name = place.name.c_str();
  const auto make = [&] {
    const mode_t type = entry.kind == TarKind::kFifo         ? S_IFIFO
                        : entry.kind == TarKind::kCharDevice ? S_IFCHR
                                                             : S_IFBLK;
    const int result = link ? ::symlinkat(entry.link.c_str(), place.parent, name)
                            : ::mknodat(place.parent, name, type | 0600, entry.device);
    return result == 0 ? 0 : errno;
  };
  int error = make();
  if (error == EEXIST) {
    PELAGOS_RETURN_IF_ERROR(Clear(place, /*for_folder=*/false).status());
    error = make();
  }
  if (error != 0) return ErrnoStatus(error, link ? "symlinkat" : "mknodat", place.path);
  if (::fchownat(place.parent, name, owner.first, owner.second, AT_SYMLINK_NOFOLLOW) != 0) {
    return ErrnoStatus(errno, "fchownat", place.path);
  }
  // fchmodat(2) follows links, but this is none, and nobody else writes here.
  if (!link && ::fchmodat(place.parent, name, entry.mode, 0) != 0) {
    return ErrnoStatus(errno, "fchmodat", place.path);
  }
  const timespec times[] = {entry.mtime, entry.mtime};
  if (::utimensat(place.parent, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
    return ErrnoStatus(errno, "utimensat", place.path);
  }
  return absl::OkStatus();
}

absl::Status LayerFolder::Add(const TarEntry& entry, TarStream& tar) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitArchivePath(entry.path));
  if (parts.empty()) {
    if (entry.kind != TarKind::kFolder) return Hostile(entry.path, "has no name");
    folder_times_.emplace_back(".", entry.mtime);
    return SetAttributes(root_.fd().get(), entry);
  }
  const bool notes = whiteouts_ == WhiteoutNames::kNotes;
  for (const std::string& part : parts) {
    if (!notes) break;
    if (absl::StartsWith(part, kReservedPrefix) && part != kOpaque) {
      return absl::OkStatus();  // aufs kept its own notes so; they are not part of the image
    }
    if (absl::StartsWith(part, kWhiteoutPrefix) && &part != &parts.back()) {
      return Hostile(entry.path, "lies below a whiteout");
    }
  }
  PELAGOS_ASSIGN_OR_RETURN(const Place place, Find(parts));
  if (notes && absl::StartsWith(place.name, kWhiteoutPrefix)) {
    if (entry.kind != TarKind::kFile) return Hostile(entry.path, "is a whiteout, but no file");
    if (place.name == kOpaque) return MakeOpaque(place.parent, place.path);
    return Whiteout(place, absl::string_view(place.name).substr(kWhiteoutPrefix.size()));
  }
  switch (entry.kind) {
    case TarKind::kFile:
      PELAGOS_RETURN_IF_ERROR(File(place, entry, tar));
      break;
    case TarKind::kFolder:
      return Folder(place, parts, entry);
    case TarKind::kHardLink:
      PELAGOS_RETURN_IF_ERROR(HardLink(place, entry));
      break;
    case TarKind::kSymlink:
    case TarKind::kFifo:
    case TarKind::kCharDevice:
    case TarKind::kBlockDevice:
      PELAGOS_RETURN_IF_ERROR(Node(place, entry));
      break;
    case TarKind::kOther:
      return Hostile(entry.path, "is of a kind that no layer has");
  }
  return absl::OkStatus();
}

absl::Status LayerFolder::Finish() {
  for (const auto& [path, mtime] : folder_times_) {
    absl::StatusOr<Fd> folder =
        sys::OpenAt2(root_.fd().get(), path, O_RDONLY | O_DIRECTORY, 0, kInside);
    if (!folder.ok()) {
      const std::optional<int> error = FindErrno(folder.status());
      // Something else took its place later in the archive.
      if (error == ENOENT || error == ENOTDIR || error == ELOOP) continue;
      return folder.status();
    }
    const timespec times[] = {mtime, mtime};
    if (::futimens(folder->get(), times) != 0) return ErrnoStatus(errno, "futimens", path);
  }
  return absl::OkStatus();
}

}  // namespace pelagos::image
