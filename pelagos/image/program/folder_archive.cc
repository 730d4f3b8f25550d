#include "pelagos/image/program/folder_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/layer_folder.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr size_t kBufferSize = size_t{64} << 10;
constexpr size_t kMaxXattr = size_t{64} << 10;  // the kernel's limit, xattr(7)

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

class Writer {
 public:
  explicit Writer(int out) : out_(out), archive_(archive_write_new()) {
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
    PELAGOS_RETURN_IF_ERROR(WriteEntry("./", info, top.get(), ""));
    PELAGOS_RETURN_IF_ERROR(Enter(std::move(top), ""));
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
    if (archive_write_close(archive_.get()) != ARCHIVE_OK) return Error("archive");
    return absl::OkStatus();
  }

 private:
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
    struct stat info = {};
    if (::fstatat(level.folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return ErrnoStatus(errno, "fstatat", path);
    }
    if (S_ISSOCK(info.st_mode)) return absl::OkStatus();
    Fd fd;
    std::string link;
    if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) {
      const int kind = S_ISDIR(info.st_mode) ? O_DIRECTORY : 0;
      const int opened = ::openat(level.folder.get(), name.c_str(),
                                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | kind);
      if (opened < 0) return ErrnoStatus(errno, "openat", path);
      fd = Fd(opened);
      // Whatever it was a moment ago, this is what is read.
      if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
    } else if (S_ISLNK(info.st_mode)) {
      link.resize(4096);
      const ssize_t size = ::readlinkat(level.folder.get(), name.c_str(), link.data(), link.size());
      if (size < 0) return ErrnoStatus(errno, "readlinkat", path);
      link.resize(static_cast<size_t>(size));
    }
    const bool folder = S_ISDIR(info.st_mode);
    PELAGOS_RETURN_IF_ERROR(WriteEntry(folder ? path + "/" : path, info, fd.get(), link));
    if (!folder || info.st_dev != device_) return absl::OkStatus();
    return Enter(std::move(fd), path + "/");
  }

  // `fd` is -1 for what is not opened.
  absl::Status WriteEntry(const std::string& path, const struct stat& info, int fd,
                          const std::string& link) {
    Entry entry(archive_entry_new());
    if (entry == nullptr) throw std::bad_alloc();
    archive_entry_copy_stat(entry.get(), &info);
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
    return content ? WriteContent(path, fd, info.st_size) : absl::OkStatus();
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

  int out_;
  std::unique_ptr<struct archive, FreeWriter> archive_;
  dev_t device_ = 0;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
  std::vector<Level> levels_;
};

}  // namespace

absl::Status WriteFolderArchive(const Fd& folder, int out) { return Writer(out).Write(folder); }

}  // namespace pelagos::image
