// Files and folders of the host, by path: for our own state and the kernel's files. What strangers
// wrote is opened through RootFd.
//
// Source: open(2), rename(2), fsync(2), flock(2), getdents64(2). Errors carry their errno
// (FindErrno); every descriptor is close-on-exec.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

// open(2), close-on-exec.
inline absl::StatusOr<Fd> OpenFile(const std::string& path, int flags, uint32_t mode = 0) {
  const Result result = Call(SYS_openat, AT_FDCWD, path.c_str(), flags | O_CLOEXEC, mode);
  if (!result.ok()) return ErrnoStatus(result.err, "open", path);
  return Fd(static_cast<int>(result.value));
}

// Writes all of `content`. `name` is for the error.
inline absl::Status WriteAll(const Fd& fd, absl::string_view content, absl::string_view name) {
  while (!content.empty()) {
    const Result result = Call(SYS_write, fd.get(), content.data(), content.size());
    if (!result.ok()) return ErrnoStatus(result.err, "write", name);
    content.remove_prefix(static_cast<size_t>(result.value));
  }
  return absl::OkStatus();
}

// The rest of what `fd` holds, to its end; RESOURCE_EXHAUSTED if that is over `max_bytes`.
inline absl::StatusOr<std::string> ReadAll(const Fd& fd, size_t max_bytes, absl::string_view name) {
  std::string content;
  char buffer[16384];
  for (;;) {
    const Result result = Call(SYS_read, fd.get(), buffer, sizeof(buffer));
    if (!result.ok()) return ErrnoStatus(result.err, "read", name);
    if (result.value == 0) return content;
    content.append(buffer, static_cast<size_t>(result.value));
    if (content.size() > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("'", name, "' is larger than ", max_bytes, " bytes"));
    }
  }
}

// The whole file, also of /proc and /sys, whose sizes say 0.
inline absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, OpenFile(path, O_RDONLY | O_NOCTTY));
  return ReadAll(fd, max_bytes, path);
}

// One write(2) to a file that exists: how the files of /proc and of cgroups want their values.
inline absl::Status WriteKernelFile(const std::string& path, absl::string_view value) {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, OpenFile(path, O_WRONLY));
  const Result result = Call(SYS_write, fd.get(), value.data(), value.size());
  if (!result.ok()) return ErrnoStatus(result.err, absl::StrCat("writing '", value, "' to"), path);
  return absl::OkStatus();
}

inline std::string FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

// Readers see the old content or the new, also after a crash: a temporary beside it, fsync, rename,
// fsync of the folder. `mode` is subject to the umask. Callers who may race hold a lock.
inline absl::Status WriteFileAtomically(const std::string& path, absl::string_view content,
                                        uint32_t mode = 0600) {
  const std::string folder_path = FolderOf(path);
  PELAGOS_ASSIGN_OR_RETURN(Fd folder, OpenFile(folder_path, O_RDONLY | O_DIRECTORY));
  const std::string temporary = absl::StrCat(path, ".new.", ::getpid());
  PELAGOS_ASSIGN_OR_RETURN(Fd fd,
                           OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
  absl::Status status = WriteAll(fd, content, temporary);
  if (status.ok()) {
    if (const Result synced = Call(SYS_fsync, fd.get()); !synced.ok()) {
      status = ErrnoStatus(synced.err, "fsync", temporary);
    }
  }
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(errno, "rename", path);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());  // the error that counts is `status`
    return status;
  }
  const Result synced = Call(SYS_fsync, folder.get());
  if (!synced.ok()) return ErrnoStatus(synced.err, "fsync", folder_path);
  return absl::OkStatus();
}

// mkdir -p. What exists keeps its mode; a path that exists and is no folder gives ENOTDIR.
inline absl::Status MakeFolders(const std::string& path, uint32_t mode) {
  struct stat info = {};
  const auto is_folder = [&] { return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode); };
  if (is_folder()) return absl::OkStatus();
  for (size_t end = 0; end != std::string::npos && end < path.size();) {
    end = path.find('/', end + 1);
    const std::string prefix = path.substr(0, end);
    if (::mkdir(prefix.c_str(), mode) == 0 || errno == EEXIST) continue;
    // A read-only or forbidden parent matters only if the folder is not there yet.
    const int error = errno;
    if (::stat(prefix.c_str(), &info) != 0) return ErrnoStatus(error, "mkdir", prefix);
  }
  return is_folder() ? absl::OkStatus() : ErrnoStatus(ENOTDIR, "mkdir", path);
}

namespace internal {

struct FolderStream {
  explicit FolderStream(DIR* stream) : stream(stream) {}
  FolderStream(const FolderStream&) = delete;
  FolderStream& operator=(const FolderStream&) = delete;
  ~FolderStream() {
    if (stream != nullptr) ::closedir(stream);
  }
  DIR* stream;
};

}  // namespace internal

// The names in an open folder, sorted, without "." and "..". `folder` needs O_RDONLY and is used
// up: its position is at the end.
inline absl::StatusOr<std::vector<std::string>> ListFolder(const Fd& folder,
                                                           absl::string_view name) {
  const Result copy = Call(SYS_fcntl, folder.get(), F_DUPFD_CLOEXEC, 0);
  if (!copy.ok()) return ErrnoStatus(copy.err, "fcntl", name);
  internal::FolderStream stream(::fdopendir(static_cast<int>(copy.value)));
  if (stream.stream == nullptr) {
    const int error = errno;
    ::close(static_cast<int>(copy.value));
    return ErrnoStatus(error, "fdopendir", name);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.stream);
    if (entry == nullptr) break;
    const absl::string_view entry_name = entry->d_name;
    if (entry_name != "." && entry_name != "..") names.emplace_back(entry_name);
  }
  if (errno != 0) return ErrnoStatus(errno, "readdir", name);
  std::sort(names.begin(), names.end());
  return names;
}

inline absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(Fd folder, OpenFile(path, O_RDONLY | O_DIRECTORY));
  return ListFolder(folder, path);
}

// Removes a file, or a folder with all below it. Works by descriptors, follows no link, and stops
// with EXDEV at a mount point. Of each folder the names go in descending order. A path that is not
// there is fine. Keeps one descriptor per level open: trees deeper than the limit on descriptors
// give EMFILE.
inline absl::Status RemoveTree(const std::string& path) {
  struct Level {
    Fd fd;
    std::string name;  // in its parent
    std::vector<std::string> left;
  };
  const std::string parent_path = FolderOf(path);
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return absl::InvalidArgumentError(absl::StrCat("cannot remove '", path, "'"));
  }
  absl::StatusOr<Fd> parent = OpenFile(parent_path, O_PATH | O_DIRECTORY);
  if (!parent.ok()) {
    return FindErrno(parent.status()) == ENOENT ? absl::OkStatus() : parent.status();
  }
  struct stat top = {};
  if (::fstatat(parent->get(), name.c_str(), &top, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, "fstatat", path);
  }
  if (!S_ISDIR(top.st_mode)) {
    if (::unlinkat(parent->get(), name.c_str(), 0) == 0 || errno == ENOENT) {
      return absl::OkStatus();
    }
    return ErrnoStatus(errno, "unlinkat", path);
  }

  std::vector<Level> levels;
  // Enters the folder `entry` of `in`; ENOTDIR or ELOOP: it is none.
  auto enter = [&](int in, const std::string& entry) -> absl::Status {
    const Result opened =
        Call(SYS_openat, in, entry.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (!opened.ok()) return ErrnoStatus(opened.err, "openat", entry);
    Fd fd(static_cast<int>(opened.value));
    // Device numbers tell other file systems, mount ids also bind mounts of this one.
    struct statx info = {};
    if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &info) != 0) {
      return ErrnoStatus(errno, "statx", entry);
    }
    if ((info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
        (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) {
      return ErrnoStatus(EXDEV, "removing a mount point", absl::StrCat(path, " ... ", entry));
    }
    PELAGOS_ASSIGN_OR_RETURN(std::vector<std::string> names, ListFolder(fd, entry));
    levels.push_back({std::move(fd), entry, std::move(names)});
    return absl::OkStatus();
  };

  PELAGOS_RETURN_IF_ERROR(enter(parent->get(), name), "removing ", path);
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.left.empty()) {
      const std::string done = level.name;
      levels.pop_back();
      const int in = levels.empty() ? parent->get() : levels.back().fd.get();
      if (::unlinkat(in, done.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
        return ErrnoStatus(errno, "unlinkat", absl::StrCat(path, " ... ", done));
      }
      continue;
    }
    const std::string entry = std::move(level.left.back());
    level.left.pop_back();
    if (::unlinkat(level.fd.get(), entry.c_str(), 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM) return ErrnoStatus(errno, "unlinkat", entry);
    PELAGOS_RETURN_IF_ERROR(enter(level.fd.get(), entry), "removing ", path);
  }
  return absl::OkStatus();
}

enum class LockMode { kWait, kTry };

// An exclusive flock(2) on `path`, which is made (mode 0600) where it is missing; its folder must
// exist. The lock is held as long as the Fd lives, by this process and nobody who is started by it.
// kTry gives UNAVAILABLE when somebody else holds it.
inline absl::StatusOr<Fd> LockFile(const std::string& path, LockMode mode) {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  const Result result =
      Call(SYS_flock, fd.get(), mode == LockMode::kTry ? LOCK_EX | LOCK_NB : LOCK_EX);
  if (result.ok()) return fd;
  if (result.err == EWOULDBLOCK) {
    return absl::UnavailableError(absl::StrCat("'", path, "' is locked by another process"));
  }
  return ErrnoStatus(result.err, "flock", path);
}

}  // namespace pelagos::sys
