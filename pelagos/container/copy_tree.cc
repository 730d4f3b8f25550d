#include "pelagos/container/copy_tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/copy_attributes.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::container {
namespace {

constexpr mode_t kModeBits = 07777;
constexpr size_t kMostLinked = 256;    // descriptors of files with several names
constexpr size_t kMostLeftOut = 16;    // that are named
constexpr int kAttempts = 64;          // against somebody who puts things in our place
constexpr size_t kBufferSize = 65536;  // bytes at a time

std::string NameOf(const Fd& fd) { return absl::StrCat("/proc/self/fd/", fd.get()); }

// An O_PATH descriptor of one entry; a link is not followed.
absl::StatusOr<Fd> OpenEntry(const Fd& folder, const std::string& name, const std::string& path) {
  const sys::Result opened =
      sys::Call(SYS_openat, folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
  if (!opened.ok()) return ErrnoStatus(opened.err, "open", path);
  return Fd(static_cast<int>(opened.value));
}

absl::StatusOr<struct stat> Stat(const Fd& fd, const std::string& path) {
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
  return info;
}

absl::StatusOr<Fd> OpenFolder(const Fd& folder, const char* name, const std::string& path) {
  const sys::Result opened =
      sys::Call(SYS_openat, folder.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (!opened.ok()) return ErrnoStatus(opened.err, "open", path);
  return Fd(static_cast<int>(opened.value));
}

// Whatever stands in our place but a folder goes. False: it cannot, something is mounted on it.
absl::StatusOr<bool> ClearPlace(const Fd& folder, const std::string& name,
                                const std::string& path) {
  if (::unlinkat(folder.get(), name.c_str(), 0) == 0 || errno == ENOENT) return true;
  if (errno == EBUSY) return false;
  if (errno == EISDIR) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", path, "' is no folder, and a folder stands in its place"));
  }
  return ErrnoStatus(errno, "unlink", path);
}

absl::Status WriteAt(int to, const char* bytes, size_t size, off_t at, const std::string& path) {
  while (size > 0) {
    const ssize_t count = ::pwrite(to, bytes, size, at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "write", path);
    bytes += count;
    size -= static_cast<size_t>(count);
    at += count;
  }
  return absl::OkStatus();
}

// `size` bytes, or fewer if it has become shorter; holes stay holes.
absl::StatusOr<uint64_t> CopyBytes(int from, int to, off_t size, const std::string& path) {
  std::vector<char> buffer;
  uint64_t copied = 0;
  for (off_t at = 0; at < size;) {
    off_t data = ::lseek(from, at, SEEK_DATA);
    off_t end = size;
    if (data < 0 && errno == ENXIO) break;  // nothing but a hole
    if (data < 0) {
      data = at;  // a file system that knows no holes
    } else if (const off_t hole = ::lseek(from, data, SEEK_HOLE); hole >= 0) {
      end = std::min(hole, size);
    }
    if (data >= size) break;
    for (at = data; at < end;) {
      // In the kernel where it can be; else, or where nothing comes of it, by hand.
      off_t in = at, out = at;
      const size_t wanted = static_cast<size_t>(std::min<off_t>(end - at, off_t{1} << 30));
      ssize_t count = ::copy_file_range(from, &in, to, &out, wanted, 0);
      if (count <= 0) {
        buffer.resize(kBufferSize);
        count = ::pread(from, buffer.data(), std::min(wanted, buffer.size()), at);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return ErrnoStatus(errno, "read", path);
        if (count == 0) return copied;
        PELAGOS_RETURN_IF_ERROR(WriteAt(to, buffer.data(), static_cast<size_t>(count), at, path));
      }
      at += count;
      copied += static_cast<uint64_t>(count);
    }
  }
  if (::ftruncate(to, size) != 0) return ErrnoStatus(errno, "ftruncate", path);
  return copied;
}

uint32_t Translate(uint32_t id, const IdMapRanges& from, const IdMapRanges& to) {
  const std::optional<uint32_t> inside = from.empty() ? id : InsideIdOf(from, id);
  const std::optional<uint32_t> host =
      to.empty() ? inside : HostIdOf(to, inside.has_value() ? *inside : 0);
  if (host.has_value()) return *host;
  return to.empty() ? 0 : HostIdOf(to, 0).value_or(0);
}

}  // namespace

bool IsKernels(const Fd& file) {
  struct statfs info = {};
  if (::fstatfs(file.get(), &info) != 0) return false;
  constexpr uint32_t kKinds[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,        CGROUP_SUPER_MAGIC,
                                 CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,
                                 TRACEFS_MAGIC,       SECURITYFS_MAGIC,   BPF_FS_MAGIC,
                                 EFIVARFS_MAGIC,      NSFS_MAGIC};
  return std::find(std::begin(kKinds), std::end(kKinds), static_cast<uint32_t>(info.f_type)) !=
         std::end(kKinds);
}

void TreeCopier::LeaveOut(const std::string& path, const char* why) {
  if (copied_.left_out.size() < kMostLeftOut) {
    copied_.left_out.push_back(absl::StrCat("'", path, "': ", why));
  }
}

absl::Status TreeCopier::SetAttributes(int fd, const struct stat& info,
                                       const std::string& path) const {
  const uint32_t uid =
      rules_.keep_owners ? Translate(info.st_uid, rules_.from.uids, rules_.to.uids) : rules_.uid;
  const uint32_t gid =
      rules_.keep_owners ? Translate(info.st_gid, rules_.from.gids, rules_.to.gids) : rules_.gid;
  if (::fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
    return ErrnoStatus(errno, "chown", path);
  }
  // The descriptor may be O_PATH: by its name, which leads to it and nowhere else.
  const std::string name = absl::StrCat("/proc/self/fd/", fd);
  if (!S_ISLNK(info.st_mode)) {
    mode_t mode = info.st_mode & kModeBits;
    // Of a folder, the group's bit gives nobody another's rights.
    if (!rules_.privileges) mode &= ~(S_ISDIR(info.st_mode) ? S_ISUID : S_ISUID | S_ISGID);
    if (::chmod(name.c_str(), mode) != 0) return ErrnoStatus(errno, "chmod", path);
  }
  const struct timespec times[2] = {info.st_atim, info.st_mtim};
  const int how = S_ISLNK(info.st_mode) ? AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW : 0;
  const int set = S_ISLNK(info.st_mode) ? ::utimensat(fd, "", times, how)
                                        : ::utimensat(AT_FDCWD, name.c_str(), times, 0);
  // Linux before 5.8 sets no times by an empty path: a link keeps those of its making.
  if (set != 0 && !(S_ISLNK(info.st_mode) && errno == EINVAL)) {
    return ErrnoStatus(errno, "utimensat", path);
  }
  return absl::OkStatus();
}

absl::Status TreeCopier::SetAllAttributes(int source, int fd, const struct stat& info,
                                          const std::string& path) {
  // Afterwards: chown(2) takes capabilities away. Setting them changes no time but the inode's own.
  PELAGOS_RETURN_IF_ERROR(SetAttributes(fd, info, path));
  AttributeRules rules;
  rules.capabilities = rules_.privileges;
  rules.access_lists = rules_.keep_owners && rules_.from == rules_.to;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> refused,
                           CopyAttributes(source, fd, rules, path));
  for (const std::string& name : refused) {
    LeaveOut(absl::StrCat(path, "': attribute '", name), "the target's file system takes none");
  }
  return absl::OkStatus();
}

absl::Status TreeCopier::CopyFile(const Fd& source, const struct stat& info, const Fd& folder,
                                  const std::string& name, const std::string& path) {
  const std::pair<uint64_t, uint64_t> inode(info.st_dev, info.st_ino);
  if (const auto first = linked_.find(inode); first != linked_.end()) {
    PELAGOS_RETURN_IF_ERROR(ClearPlace(folder, name, path).status());
    if (::linkat(AT_FDCWD, NameOf(first->second).c_str(), folder.get(), name.c_str(),
                 AT_SYMLINK_FOLLOW) == 0) {
      ++copied_.files;
      return absl::OkStatus();
    }
    // On another file system of the target: a file of its own.
  }
  const sys::Result from =
      sys::Call(SYS_openat, AT_FDCWD, NameOf(source).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  if (!from.ok()) return ErrnoStatus(from.err, "open", path);
  const Fd reading(static_cast<int>(from.value));

  sys::Result made = {-1, EEXIST};
  bool is_new = true;
  for (int i = 0; i < kAttempts && made.err == EEXIST; ++i) {
    PELAGOS_ASSIGN_OR_RETURN(is_new, ClearPlace(folder, name, path));
    if (is_new) {
      made = sys::Call(SYS_openat, folder.get(), name.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
      continue;
    }
    // Mounted there, as /etc/hosts is: its content changes, and nothing else.
    PELAGOS_ASSIGN_OR_RETURN(const Fd mounted, OpenEntry(folder, name, path));
    PELAGOS_ASSIGN_OR_RETURN(const struct stat old, Stat(mounted, path));
    if (!S_ISREG(old.st_mode)) return ErrnoStatus(EBUSY, "a mount is at", path);
    made =
        sys::Call(SYS_openat, AT_FDCWD, NameOf(mounted).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC, 0);
  }
  if (!made.ok()) return ErrnoStatus(made.err, "open", path);
  const Fd writing(static_cast<int>(made.value));
  const absl::StatusOr<uint64_t> bytes =
      CopyBytes(reading.get(), writing.get(), info.st_size, path);
  absl::Status done = bytes.status();
  if (done.ok() && is_new) done = SetAllAttributes(reading.get(), writing.get(), info, path);
  if (!done.ok()) {
    if (is_new) ::unlinkat(folder.get(), name.c_str(), 0);  // the error that counts is `done`
    return done;
  }
  ++copied_.files;
  copied_.bytes += *bytes;
  if (info.st_nlink > 1 && is_new && linked_.size() < kMostLinked) {
    const sys::Result again =
        sys::Call(SYS_openat, AT_FDCWD, NameOf(writing).c_str(), O_PATH | O_CLOEXEC, 0);
    if (again.ok()) linked_.emplace(inode, Fd(static_cast<int>(again.value)));
  }
  return absl::OkStatus();
}

absl::Status TreeCopier::CopyNode(const Fd& source, const struct stat& info, const Fd& folder,
                                  const std::string& name, const std::string& path) {
  std::string link;
  if (S_ISLNK(info.st_mode)) {
    link.resize(4096);
    const ssize_t size = ::readlinkat(source.get(), "", link.data(), link.size());
    if (size < 0) return ErrnoStatus(errno, "readlink", path);
    link.resize(static_cast<size_t>(size));
  }
  int result = -1;
  for (int i = 0; i < kAttempts && result != 0; ++i) {
    PELAGOS_ASSIGN_OR_RETURN(const bool cleared, ClearPlace(folder, name, path));
    if (!cleared) return ErrnoStatus(EBUSY, "a mount is at", path);
    result = S_ISLNK(info.st_mode) ? ::symlinkat(link.c_str(), folder.get(), name.c_str())
                                   : ::mknodat(folder.get(), name.c_str(),
                                               (info.st_mode & S_IFMT) | 0600, info.st_rdev);
    if (result != 0 && errno != EEXIST) return ErrnoStatus(errno, "making", path);
  }
  if (result != 0) return ErrnoStatus(EEXIST, "making", path);
  ++copied_.files;
  PELAGOS_ASSIGN_OR_RETURN(const Fd made, OpenEntry(folder, name, path));
  PELAGOS_ASSIGN_OR_RETURN(const struct stat now, Stat(made, path));
  // Somebody else's by now is left alone.
  if ((now.st_mode & S_IFMT) != (info.st_mode & S_IFMT)) return absl::OkStatus();
  return SetAttributes(made.get(), info, path);
}

absl::Status TreeCopier::EnterFolder(const Fd& source, const struct stat& info, const Fd& folder,
                                     const std::string& name, const std::string& path) {
  if (std::pair<uint64_t, uint64_t>(info.st_dev, info.st_ino) == top_target_) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' would be copied into itself"));
  }
  if (levels_.size() >= kMostCopiedLevels) {
    return absl::ResourceExhaustedError(absl::StrCat("'", path.substr(0, 100), "...' is more than ",
                                                     kMostCopiedLevels, " folders deep"));
  }
  Level level;
  level.device = info.st_dev;
  if (::mkdirat(folder.get(), name.c_str(), 0700) == 0) {
    level.info = info;
  } else if (errno != EEXIST) {
    return ErrnoStatus(errno, "mkdir", path);
  }
  absl::StatusOr<Fd> target = OpenFolder(folder, name.c_str(), path);
  if (FindErrno(target.status()) == ENOTDIR || FindErrno(target.status()) == ELOOP) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", path, "' is a folder, and something else stands in its place"));
  }
  PELAGOS_RETURN_IF_ERROR(target.status());
  level.target = *std::move(target);
  PELAGOS_ASSIGN_OR_RETURN(level.source, OpenFolder(source, ".", path));
  level.path = path;
  PELAGOS_ASSIGN_OR_RETURN(level.left, sys::ListFolder(level.source, path));
  std::reverse(level.left.begin(), level.left.end());
  levels_.push_back(std::move(level));
  return absl::OkStatus();
}

absl::Status TreeCopier::CopyOne(const Fd& source, const Fd& folder, const std::string& name,
                                 const std::string& path, uint64_t folders_device) {
  PELAGOS_ASSIGN_OR_RETURN(const struct stat info, Stat(source, path));
  if (info.st_dev != folders_device && IsKernels(source)) {
    LeaveOut(path, "it is the kernel's");
    return absl::OkStatus();
  }
  switch (info.st_mode & S_IFMT) {
    case S_IFDIR:
      return EnterFolder(source, info, folder, name, path);
    case S_IFREG:
      return CopyFile(source, info, folder, name, path);
    case S_IFSOCK:
      LeaveOut(path, "it is a socket");
      return absl::OkStatus();
    case S_IFCHR:
    case S_IFBLK:
      if (rules_.privileges) break;
      LeaveOut(path, "it is a device");
      return absl::OkStatus();
    default:
      break;
  }
  return CopyNode(source, info, folder, name, path);
}

absl::Status TreeCopier::Descend() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.left.empty()) {
      if (level.info) {
        PELAGOS_RETURN_IF_ERROR(
            SetAllAttributes(level.source.get(), level.target.get(), *level.info, level.path));
      }
      levels_.pop_back();
      continue;
    }
    const std::string name = std::move(level.left.back());
    level.left.pop_back();
    const std::string path = absl::StrCat(level.path, "/", name);
    const absl::StatusOr<Fd> entry = OpenEntry(level.source, name, path);
    if (FindErrno(entry.status()) == ENOENT) continue;  // gone meanwhile
    PELAGOS_RETURN_IF_ERROR(entry.status());
    PELAGOS_RETURN_IF_ERROR(CopyOne(*entry, level.target, name, path, level.device));
  }
  return absl::OkStatus();
}

absl::Status TreeCopier::CopyAs(const Fd& source, const Fd& folder, const std::string& name) {
  PELAGOS_ASSIGN_OR_RETURN(const struct stat target, Stat(folder, name));
  top_target_ = {target.st_dev, target.st_ino};
  if (IsKernels(source)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "' is the kernel's: what it says is no file to copy"));
  }
  PELAGOS_ASSIGN_OR_RETURN(const struct stat info, Stat(source, name));
  PELAGOS_RETURN_IF_ERROR(CopyOne(source, folder, name, name, info.st_dev));
  return Descend();
}

absl::Status TreeCopier::CopyContent(const Fd& source, const Fd& folder) {
  PELAGOS_ASSIGN_OR_RETURN(const struct stat target, Stat(folder, "the target"));
  top_target_ = {target.st_dev, target.st_ino};
  if (IsKernels(source)) {
    return absl::InvalidArgumentError("it is the kernel's: what it says are no files to copy");
  }
  Level level;
  PELAGOS_ASSIGN_OR_RETURN(level.target, OpenFolder(folder, ".", "the target"));
  PELAGOS_ASSIGN_OR_RETURN(level.source, OpenFolder(source, ".", "the source"));
  PELAGOS_ASSIGN_OR_RETURN(const struct stat info, Stat(source, "the source"));
  level.device = info.st_dev;
  level.path.push_back('.');
  PELAGOS_ASSIGN_OR_RETURN(level.left, sys::ListFolder(level.source, "the source"));
  std::reverse(level.left.begin(), level.left.end());
  levels_.push_back(std::move(level));
  return Descend();
}

}  // namespace pelagos::container
