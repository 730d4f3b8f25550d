// A folder as the root of all lookups below it: how anything inside a container, an image or a
// store that strangers wrote is opened. Never by a string alone.
//
// Source: openat2(2), path_resolution(7).
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

// openat2(2), close-on-exec. The kernel says EAGAIN when a rename raced with ".." below the root:
// tried again a bounded number of times. `mode` counts only with O_CREAT or O_TMPFILE.
inline absl::StatusOr<Fd> OpenAt2(int folder, const std::string& path, uint64_t flags,
                                  uint32_t mode, uint64_t resolve) {
  constexpr int kAttempts = 64;
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0;
  how.resolve = resolve;
  Result result = {-1, EAGAIN};
  for (int i = 0; i < kAttempts && result.err == EAGAIN; ++i) {
    result = Call(SYS_openat2, folder, path.c_str(), &how, sizeof(how));
  }
  if (!result.ok()) return ErrnoStatus(result.err, "openat2", path);
  return Fd(static_cast<int>(result.value));
}

// Owns an O_PATH descriptor of the folder. Moves, never copies. `flags` are O_* of open(2); every
// descriptor is close-on-exec. Errors carry their errno (FindErrno).
class RootFd {
 public:
  static absl::StatusOr<RootFd> Open(const std::string& path) {
    const Result result =
        Call(SYS_openat, AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (!result.ok()) return ErrnoStatus(result.err, "open", path);
    return RootFd(Fd(static_cast<int>(result.value)));
  }
  explicit RootFd(Fd folder) : folder_(std::move(folder)) {}

  // Resolves as a process would whose root this folder is: absolute links and ".." stay inside.
  // Links of /proc that jump elsewhere are refused (ELOOP).
  absl::StatusOr<Fd> OpenIn(absl::string_view path, uint64_t flags, uint32_t mode = 0) const {
    return OpenAt2(folder_.get(), std::string(path), flags, mode,
                   RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  }

  // For trees that we wrote ourselves: any link (ELOOP), any step outside and an absolute path
  // (EXDEV) is an error.
  absl::StatusOr<Fd> OpenBeneath(absl::string_view path, uint64_t flags, uint32_t mode = 0) const {
    return OpenAt2(folder_.get(), std::string(path), flags, mode,
                   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  }

  // fstatat(2) of the entry `name` of the folder itself, a link not followed. EINVAL for what is no
  // name but a path.
  absl::StatusOr<struct stat> StatEntry(const std::string& name) const {
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
      return ErrnoStatus(EINVAL, "fstatat", name);
    }
    struct stat info = {};
    const Result result =
        Call(SYS_newfstatat, folder_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW);
    if (!result.ok()) return ErrnoStatus(result.err, "fstatat", name);
    return info;
  }

  // Makes `path` and every missing folder above it, resolved as OpenIn does. What exists keeps its
  // mode; `mode` is subject to the umask. A path that exists and is no folder gives ENOTDIR.
  absl::Status MakeFolders(absl::string_view path, uint32_t mode) const {
    PELAGOS_ASSIGN_OR_RETURN(Fd parent, OpenIn(".", O_PATH | O_DIRECTORY));
    for (size_t begin = 0; begin < path.size();) {
      size_t end = path.find('/', begin);
      if (end == absl::string_view::npos) end = path.size();
      const std::string part(path.substr(begin, end - begin));
      const std::string prefix(path.substr(0, end));
      begin = end + 1;
      if (part.empty() || part == ".") continue;
      absl::StatusOr<Fd> folder = OpenIn(prefix, O_PATH | O_DIRECTORY);
      if (!folder.ok() && FindErrno(folder.status()) == ENOENT) {
        const Result made = Call(SYS_mkdirat, parent.get(), part.c_str(), mode);
        if (!made.ok() && made.err != EEXIST) return ErrnoStatus(made.err, "mkdirat", prefix);
        folder = OpenIn(prefix, O_PATH | O_DIRECTORY);
      }
      PELAGOS_RETURN_IF_ERROR(folder.status());
      parent = *std::move(folder);
    }
    return absl::OkStatus();
  }

  const Fd& fd() const { return folder_; }

 private:
  Fd folder_;
};

}  // namespace pelagos::sys
