#include "pelagos/image/store_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

// The files and folders below `folder`, itself included; nothing if they are many, or if they
// cannot all be named by a path.
std::optional<std::vector<std::string>> FewFilesBelow(const std::string& folder) {
  constexpr size_t kFew = 1000;
  std::vector<std::string> paths = {folder};
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    const std::filesystem::file_type type = entry->symlink_status(error).type();
    if (error || paths.size() > kFew) return std::nullopt;
    if (type == std::filesystem::file_type::regular ||
        type == std::filesystem::file_type::directory) {
      paths.push_back(entry->path().string());
    }
  }
  if (error) return std::nullopt;
  return paths;
}

}  // namespace

absl::StatusOr<Fd> LockFolder(const std::string& path, int how) {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::OpenFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  while (::flock(fd.get(), how | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return absl::UnavailableError(absl::StrCat("'", path, "' is held"));
    return ErrnoStatus(errno, "flock", path);
  }
  return fd;
}

bool IsFolder(const std::string& path) {
  struct stat info = {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

absl::Status Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus(errno, "rename", to);
  return absl::OkStatus();
}

absl::Status SyncFolder(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd fd, sys::OpenFile(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return ErrnoStatus(errno, "fsync", path);
  return absl::OkStatus();
}

absl::Status SyncTree(const std::string& folder) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd top, sys::OpenFile(folder, O_RDONLY | O_DIRECTORY));
  const std::optional<std::vector<std::string>> paths = FewFilesBelow(folder);
  if (!paths) {
    return ::syncfs(top.get()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, "syncfs", folder);
  }
  for (const std::string& path : *paths) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd fd, sys::OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    if (::fsync(fd.get()) != 0) return ErrnoStatus(errno, "fsync", path);
  }
  return absl::OkStatus();
}

absl::Status MissingLayer(const Digest& diff_id) {
  return absl::NotFoundError(absl::StrCat("layer ", diff_id.ToString(), " is missing"));
}

}  // namespace pelagos::image
