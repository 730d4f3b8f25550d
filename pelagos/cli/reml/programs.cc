#include "pelagos/cli/reml/programs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadProgram(const std::string& path, size_t most) {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::OpenFile(path, O_RDONLY | O_NOCTTY | O_NONBLOCK));
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is no regular file"));
  }
  return sys::ReadAll(fd, most, path);
}

std::optional<std::string> ReadImport(const std::string& path) {
  constexpr size_t kLargest = size_t{1} << 20;
  absl::StatusOr<std::string> text = ReadProgram(path, kLargest);
  if (!text.ok()) return std::nullopt;
  return *std::move(text);
}

absl::Status AddPrograms(const std::string& path, std::vector<std::string>& programs) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    programs.push_back(path);
    return absl::OkStatus();
  }
  std::vector<std::string> found;
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unknown;  // of a link to nowhere
    if (entry->path().extension() == ".reml" && entry->is_regular_file(unknown)) {
      found.push_back(entry->path().string());
    }
  }
  std::sort(found.begin(), found.end());
  programs.insert(programs.end(), std::make_move_iterator(found.begin()),
                  std::make_move_iterator(found.end()));
  if (error) return ErrnoStatus(error.value(), "reading the folder", path);
  return absl::OkStatus();
}

}  // namespace pelagos::cli
