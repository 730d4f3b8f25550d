#include "pelagos/image/program/folder_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/layer_folder.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr size_t kBufferSize = size_t{64} << 10;
constexpr size_t kMaxXattr = size_t{64} << 10;  // the kernel's limit, xattr(7)
// image-spec 1.1, layer.md ("Whiteouts").
constexpr absl::string_view kWhiteoutPrefix = ".wh.";
constexpr absl::string_view kOpaque = ".wh..wh..opq";

struct FreeWriter {
  void operator()(struct archive* archive) const { archive_write_free(archive); }
};
struct FreeEntry {
  void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};
using Entry = std::unique_ptr<struct archive_entry, FreeEntry>;

struct Level {
  Fd folder;
  std::string path;               // "" or ends with '/'
  std::vector<std::string> left;  // sorted downwards
};

bool IsWhiteout(const struct stat& info) { return S_ISCHR(info.st_mode) && info.st_rdev == 0; }

// What overlayfs notes on a folder or file of its upper folder. `fd` is open for reading.
bool HasOverlayXattr(int fd, absl::string_view name, bool any_value) {
  char value = 0;
  for (const char* space : {"trusted.overlay.", "user.overlay."}) {
    const ssize_t size = ::fgetxattr(fd, absl::StrCat(space, name).c_str(), &value, 1);
    if (any_value ? (size >= 0 || errno == ERANGE) : (size == 1 && value == 'y')) return true;
  }
  return false;
}

// What these say is not to be kept.
bool IsKernels(int fd) {
  struct statfs info = {};
  if (::fstatfs(fd, &info) != 0) return false;
  constexpr uint32_t kKinds[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,        CGROUP_SUPER_MAGIC,
                                 CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,
                                 TRACEFS_MAGIC,       SECURITYFS_MAGIC,   BPF_FS_MAGIC};
  return std::find(std::begin(kKinds), std::end(kKinds), static_cast<uint32_t>(info.f_type)) !=
         std::end(kKinds);
}

absl::StatusOr<Fd> OpenEntry(int folder, const std::string& name, const std::string& path) {
  const int opened = ::openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return ErrnoStatus(errno, "openat", path);
  return Fd(opened);
}

class Writer {
 public:
  Writer(int out, const ArchiveOptions& options)
      : options_(options), out_(out), archive_(archive_write_new()) {
    if (archive_ == nullptr) throw std::bad_alloc();
    archive_write_set_format_pax_restricted(archive_.get());
    archive_write_set_bytes_per_block(archive_.get(), 512 * 20);
  }

  absl::Status Write(const Fd& folder) {
    if (archive_write_open_fd(archive_.get(), out_) != ARCHIVE_OK) return Error("archive");
    PELAGOS_ASSIGN_OR_RETURN(Fd top, sys::OpenFile(absl::StrCat("/proc/self/fd/", folder.get()),
                                                   O_RDONLY | O_DIRECTORY));
    struct stat info = {};
    if (::fstat(top.get(), &info) != 0) return ErrnoStatus(errno, "fstat", "the folder");
    device_ = info.st_dev;
    const std::string name = options_.name.empty() ? "" : options_.name + "/";
    PELAGOS_RETURN_IF_ERROR(WriteEntry(name.empty() ? "./" : name, info, top.get(), ""));
    PELAGOS_RETURN_IF_ERROR(WriteOpaque(top.get(), name));
    PELAGOS_RETURN_IF_ERROR(Enter(std::move(top), name));
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.left.empty()) {
        levels_.pop_back();
        continue;
      }
      const std::string name = std::move(level.left.back());
      level.left.pop_back();
      PELAGOS_RETURN_IF_ERROR(WriteChild(level, name));
    }
    return Close();
  }

  absl::Status WriteOne(const Fd& entry) {
    if (archive_write_open_fd(archive_.get(), out_) != ARCHIVE_OK) return Error("archive");
    struct stat info = {};
    if (::fstat(entry.get(), &info) != 0) return ErrnoStatus(errno, "fstat", options_.name);
    PELAGOS_RETURN_IF_ERROR(WriteOpened(entry, info, options_.name));
    return Close();
  }

 private:
  absl::Status Close() {
    return archive_write_close(archive_.get()) == ARCHIVE_OK ? absl::OkStatus() : Error("archive");
  }

  absl::Status Error(absl::string_view path) const {
    const char* text = archive_error_string(archive_.get());
    return absl::InternalError(
        absl::StrCat("reading '", path, "': ", text != nullptr ? text : "unknown error"));
  }

  absl::Status Enter(Fd folder, std::string path) {
    if (levels_.size() > kMaxDepth) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", path.substr(0, 100), "...' is more than ", kMaxDepth, " folders deep"));
    }
    PELAGOS_ASSIGN_OR_RETURN(std::vector<std::string> names, sys::ListFolder(folder, path));
    std::reverse(names.begin(), names.end());
    levels_.push_back({std::move(folder), std::move(path), std::move(names)});
    return absl::OkStatus();
  }

  absl::Status WriteChild(const Level& level, const std::string& name) {
    const std::string path = level.path + name;
    const absl::StatusOr<Fd> entry = OpenEntry(level.folder.get(), name, path);
    // Of a container that runs, what is gone meanwhile is gone.
    if (FindErrno(entry.status()) == ENOENT) return absl::OkStatus();
    PELAGOS_RETURN_IF_ERROR(entry.status());
    struct stat info = {};
    if (::fstat(entry->get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
    if (info.st_dev != device_ && IsKernels(entry->get())) {
      if (!S_ISDIR(info.st_mode)) return absl::OkStatus();
      return WriteEntry(path + "/", info, -1, "");
    }
    if (options_.overlay_upper) {
      if (absl::StartsWith(name, kWhiteoutPrefix)) {
        return absl::InvalidArgumentError(
            absl::StrCat("'", path, "': a layer says with such a name that a file was removed"));
      }
      if (IsWhiteout(info)) return WriteEmpty(level.path + std::string(kWhiteoutPrefix) + name);
    }
    if (!S_ISDIR(info.st_mode)) return WriteOpened(*entry, info, path);
    const int opened = ::openat(entry->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return ErrnoStatus(errno, "openat", path);
    Fd folder(opened);
    PELAGOS_RETURN_IF_ERROR(WriteEntry(path + "/", info, folder.get(), ""));
    if (info.st_dev != device_ && !options_.cross_mounts) return absl::OkStatus();
    PELAGOS_RETURN_IF_ERROR(WriteOpaque(folder.get(), path + "/"));
    return Enter(std::move(folder), path + "/");
  }

  // Anything but a folder. What `entry` (O_PATH) is is what is read.
  absl::Status WriteOpened(const Fd& entry, const struct stat& info, const std::string& path) {
    if (S_ISSOCK(info.st_mode)) return absl::OkStatus();
    Fd fd;
    std::string link;
    if (S_ISREG(info.st_mode)) {
      PELAGOS_ASSIGN_OR_RETURN(
          fd, sys::OpenFile(absl::StrCat("/proc/self/fd/", entry.get()), O_RDONLY | O_NONBLOCK));
      if (options_.overlay_upper && HasOverlayXattr(fd.get(), "metacopy", /*any_value=*/true)) {
        return absl::FailedPreconditionError(
            absl::StrCat("'", path, "': its content is in a layer below (metacopy)"));
      }
    } else if (S_ISLNK(info.st_mode)) {
      link.resize(4096);
      const ssize_t size = ::readlinkat(entry.get(), "", link.data(), link.size());
      if (size < 0) return ErrnoStatus(errno, "readlinkat", path);
      link.resize(static_cast<size_t>(size));
    }
    return WriteEntry(path, info, fd.get(), link);
  }

  // That nothing of the layers below shows in the folder.
  absl::Status WriteOpaque(int folder, const std::string& path) {
    if (!options_.overlay_upper) return absl::OkStatus();
    if (HasOverlayXattr(folder, "redirect", /*any_value=*/true)) {
      return absl::FailedPreconditionError(
          absl::StrCat("'", path, "': it was renamed, and is elsewhere below (redirect_dir)"));
    }
    if (!HasOverlayXattr(folder, "opaque", /*any_value=*/false)) return absl::OkStatus();
    return WriteEmpty(absl::StrCat(path, kOpaque));
  }

  absl::Status WriteEmpty(const std::string& path) {
    struct stat info = {};
    info.st_mode = S_IFREG | 0600;
    info.st_nlink = 1;
    // Its owner is that of nothing: root, as it is called inside.
    info.st_uid = HostIdOf(options_.ids.uids, 0).value_or(0);
    info.st_gid = HostIdOf(options_.ids.gids, 0).value_or(0);
    return WriteEntry(path, info, -1, "");
  }

  // `fd` is -1 for what is not opened.
  absl::Status WriteEntry(const std::string& path, const struct stat& info, int fd,
                          const std::string& link) {
    Entry entry(archive_entry_new());
    if (entry == nullptr) throw std::bad_alloc();
    archive_entry_copy_stat(entry.get(), &info);
    if (!options_.ids.empty()) {
      archive_entry_set_uid(entry.get(), InsideIdOf(options_.ids.uids, info.st_uid).value_or(0));
      archive_entry_set_gid(entry.get(), InsideIdOf(options_.ids.gids, info.st_gid).value_or(0));
    }
    archive_entry_copy_pathname(entry.get(), path.c_str());
    archive_entry_unset_atime(entry.get());
    archive_entry_unset_ctime(entry.get());
    bool content = S_ISREG(info.st_mode);
    if (!S_ISREG(info.st_mode)) archive_entry_set_size(entry.get(), 0);
    if (S_ISLNK(info.st_mode)) archive_entry_copy_symlink(entry.get(), link.c_str());
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1) {
      const auto [first, is_new] = linked_.emplace(std::pair(info.st_dev, info.st_ino), path);
      if (!is_new) {
        archive_entry_copy_hardlink(entry.get(), first->second.c_str());
        archive_entry_set_size(entry.get(), 0);
        content = false;
      }
    }
    if (fd >= 0) PELAGOS_RETURN_IF_ERROR(AddXattrs(entry.get(), fd, path));
    const int result = archive_write_header(archive_.get(), entry.get());
    // A warning: a name or xattr that is not ASCII, written as it is.
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Error(path);
    return content && fd >= 0 ? WriteContent(path, fd, info.st_size) : absl::OkStatus();
  }

  absl::Status AddXattrs(struct archive_entry* entry, int fd, const std::string& path) {
    std::string names(kMaxXattr, '\0');
    const ssize_t size = ::flistxattr(fd, names.data(), names.size());
    if (size < 0) {
      return errno == ENOTSUP ? absl::OkStatus() : ErrnoStatus(errno, "flistxattr", path);
    }
    names.resize(static_cast<size_t>(size));
    std::string value(kMaxXattr, '\0');
    for (size_t begin = 0; begin < names.size();) {
      const std::string name = names.c_str() + begin;
      begin += name.size() + 1;
      if (!IsImageXattr(name)) continue;
      const ssize_t length = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
      if (length < 0) return ErrnoStatus(errno, absl::StrCat("fgetxattr(", name, ")"), path);
      archive_entry_xattr_add_entry(entry, name.c_str(), value.data(), static_cast<size_t>(length));
    }
    return absl::OkStatus();
  }

  absl::Status WriteContent(const std::string& path, int fd, off_t size) {
    std::vector<char> buffer(kBufferSize);
    for (off_t left = size; left > 0;) {
      const size_t wanted = static_cast<size_t>(std::min<off_t>(left, kBufferSize));
      const ssize_t count = ::read(fd, buffer.data(), wanted);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus(errno, "read", path);
      if (count == 0) {
        return absl::AbortedError(absl::StrCat("'", path, "' shrank while it was read"));
      }
      if (archive_write_data(archive_.get(), buffer.data(), static_cast<size_t>(count)) != count) {
        return Error(path);
      }
      left -= count;
    }
    return absl::OkStatus();
  }

  const ArchiveOptions& options_;
  int out_;
  std::unique_ptr<struct archive, FreeWriter> archive_;
  dev_t device_ = 0;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
  std::vector<Level> levels_;
};

}  // namespace

absl::Status WriteFolderArchive(const Fd& folder, int out, const ArchiveOptions& options) {
  return Writer(out, options).Write(folder);
}

absl::Status WriteFileArchive(const Fd& entry, int out, const ArchiveOptions& options) {
  return Writer(out, options).WriteOne(entry);
}

}  // namespace pelagos::image
