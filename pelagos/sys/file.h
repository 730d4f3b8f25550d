// Files and folders of the host, by path: for our own state and the kernel's files. What strangers
// wrote is opened through RootFd.
//
// Source: open(2), rename(2), fsync(2), flock(2), getdents64(2). Errors carry their errno
// (FindErrno); every descriptor is close-on-exec.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
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

// The same of a file that gives all it has at one read(2), as regular files do and those of /proc
// that have one record: a read that gives less than was asked for is the last.
inline absl::StatusOr<std::string> ReadAllAtOnce(const Fd& fd, size_t max_bytes,
                                                 absl::string_view name) {
  std::string content;
  char buffer[16384];
  for (;;) {
    const Result result = Call(SYS_read, fd.get(), buffer, sizeof(buffer));
    if (!result.ok()) return ErrnoStatus(result.err, "read", name);
    content.append(buffer, static_cast<size_t>(result.value));
    if (content.size() > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("'", name, "' is larger than ", max_bytes, " bytes"));
    }
    if (static_cast<size_t>(result.value) < sizeof(buffer)) return content;
  }
}

inline absl::StatusOr<std::string> ReadFileAtOnce(const std::string& path, size_t max_bytes) {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, OpenFile(path, O_RDONLY | O_NOCTTY));
  return ReadAllAtOnce(fd, max_bytes, path);
}

// One write(2) to a file that exists: how the files of /proc and of cgroups want their values.
inline absl::Status WriteKernelFile(const Fd& fd, absl::string_view value,
                                    const std::string& path) {
  const Result result = Call(SYS_write, fd.get(), value.data(), value.size());
  if (!result.ok()) return ErrnoStatus(result.err, absl::StrCat("writing '", value, "' to"), path);
  return absl::OkStatus();
}
inline absl::Status WriteKernelFile(const std::string& path, absl::string_view value) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd fd, OpenFile(path, O_WRONLY));
  return WriteKernelFile(fd, value, path);
}

// Descriptors with numbers in a row are closed by one call (close_range(2)).
inline void CloseAll(std::vector<Fd> fds) {
  std::vector<int> numbers;
  for (Fd& fd : fds) {
    if (fd.valid()) numbers.push_back(fd.release());
  }
  std::sort(numbers.begin(), numbers.end());
  for (size_t begin = 0, end = 0; begin < numbers.size(); begin = end) {
    for (end = begin + 1; end < numbers.size() && numbers[end] == numbers[end - 1] + 1;) ++end;
    ::close_range(static_cast<unsigned>(numbers[begin]), static_cast<unsigned>(numbers[end - 1]),
                  0);
  }
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

// Whether `name` is that of a temporary of WriteFileAtomically, "NAME.new.PID": left behind if its
// writer was killed.
inline bool IsTemporaryName(absl::string_view name) {
  constexpr absl::string_view kMark = ".new.";
  const size_t mark = name.rfind(kMark);
  if (mark == absl::string_view::npos || mark + kMark.size() == name.size()) return false;
  const absl::string_view pid = name.substr(mark + kMark.size());
  return std::all_of(pid.begin(), pid.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// mkdir -p. What exists keeps its mode; a path that exists and is no folder gives ENOTDIR.
inline absl::Status MakeFolders(const std::string& path, uint32_t mode) {
  // Mostly only the last one is missing.
  if (::mkdir(path.c_str(), mode) == 0) return absl::OkStatus();
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

// The names in an open folder, sorted, without "." and "..". `folder` needs O_RDONLY and is used
// up: its position is at the end.
inline absl::StatusOr<std::vector<std::string>> ListFolder(const Fd& folder,
                                                           absl::string_view name) {
  std::vector<std::string> names;
  alignas(dirent64) char buffer[16384];
  for (;;) {
    const Result got = Call(SYS_getdents64, folder.get(), buffer, sizeof(buffer));
    if (!got.ok()) return ErrnoStatus(got.err, "getdents64", name);
    if (got.value == 0) break;
    for (long at = 0; at < got.value;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const absl::string_view entry_name = entry->d_name;
      if (entry_name != "." && entry_name != "..") names.emplace_back(entry_name);
    }
  }
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
  std::vector<Level> levels;
  // Removes `entry` of `in`, or enters it if it is a folder that holds something.
  auto remove = [&](int in, const std::string& entry) -> absl::Status {
    if (::unlinkat(in, entry.c_str(), 0) == 0 || errno == ENOENT) return absl::OkStatus();
    if (errno != EISDIR && errno != EPERM) return ErrnoStatus(errno, "unlinkat", entry);
    const int no_file = errno;
    if (::unlinkat(in, entry.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) {
      return absl::OkStatus();
    }
    if (errno == ENOTDIR) return ErrnoStatus(no_file, "unlinkat", entry);
    // Also a bind mount of the same file system is another (openat2(2), RESOLVE_NO_XDEV).
    open_how how = {};
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_NO_XDEV;
    const Result opened = Call(SYS_openat2, in, entry.c_str(), &how, sizeof(how));
    if (!opened.ok()) {
      return ErrnoStatus(opened.err, opened.err == EXDEV ? "removing a mount point" : "openat2",
                         absl::StrCat(path, " ... ", entry));
    }
    Fd fd(static_cast<int>(opened.value));
    PELAGOS_ASSIGN_OR_RETURN(std::vector<std::string> names, ListFolder(fd, entry));
    levels.push_back({std::move(fd), entry, std::move(names)});
    return absl::OkStatus();
  };

  PELAGOS_RETURN_IF_ERROR(remove(parent->get(), name), "removing ", path);
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
    PELAGOS_RETURN_IF_ERROR(remove(level.fd.get(), entry), "removing ", path);
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
