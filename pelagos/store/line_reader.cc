#include "pelagos/store/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::store {
namespace {

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

}  // namespace

absl::StatusOr<absl::string_view> LineReader::ReadAt(const Fd& fd, off_t offset, size_t size,
                                                     Block& block) {
  size_t length = 0;
  while (length < size) {
    const ssize_t got = ::pread(fd.get(), block.data() + length, size - length,
                                offset + static_cast<off_t>(length));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "pread");
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  return absl::string_view(block.data(), length);
}

// Newest first, up to the one that `last` is, which is left out. From the newest on: what a
// rotation moves meanwhile is met again under its next number, and nothing is missed.
absl::StatusOr<std::vector<LineReader::File>> LineReader::OpenFiles(const struct stat* last) const {
  std::vector<File> files;
  bool gap = false;
  for (uint32_t number = 0;; ++number) {
    const std::string path = number == 0 ? file_ : absl::StrCat(file_, ".", number);
    File file{Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)), {}};
    if (!file.fd.valid()) {
      if (errno != ENOENT) return ErrnoStatus(errno, "open", path);
      if (gap) return files;
      gap = true;  // a rotation is at work, or was cut short: the next is there
      continue;
    }
    gap = false;
    if (::fstat(file.fd.get(), &file.info) != 0) return ErrnoStatus(errno, "fstat", path);
    if (last != nullptr && SameFile(file.info, *last)) return files;
    const bool known = std::any_of(files.begin(), files.end(), [&](const File& seen) {
      return SameFile(seen.info, file.info);
    });
    if (!known) files.push_back(std::move(file));
  }
}

absl::StatusOr<bool> LineReader::Begin(const FindStart& find_start) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<File> files, OpenFiles(nullptr));
  if (files.empty()) return false;
  Position start{files.size() - 1, 0};
  if (find_start) {
    PELAGOS_ASSIGN_OR_RETURN(start, find_start(files));
  }
  for (size_t i = start.file + 1; i-- > 0;) files_.push_back(std::move(files[i]));
  offset_ = start.offset;
  begun_ = true;
  return true;
}

// The next block of the first file. False at its end.
absl::StatusOr<bool> LineReader::ReadBlock(const OnLine& on_line) {
  Block block;
  PELAGOS_ASSIGN_OR_RETURN(const absl::string_view text,
                           ReadAt(files_.front().fd, offset_, kBlock, block));
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != absl::string_view::npos; begin = end + 1) {
    if (!std::exchange(inside_, false)) on_line(text.substr(begin, end - begin));
  }
  if (begin == 0 && text.size() == kBlock) {
    if (!std::exchange(inside_, true)) on_line(std::nullopt);
    begin = kBlock;
  }
  offset_ += static_cast<off_t>(begin);
  return begin > 0;
}

// True if `file_` is another by now: those since then are read next.
absl::StatusOr<bool> LineReader::FindNewer() {
  struct stat now;
  if (::lstat(file_.c_str(), &now) != 0) {
    if (errno == ENOENT) return false;
    return ErrnoStatus(errno, "lstat", file_);
  }
  const struct stat last = files_.back().info;
  if (SameFile(now, last)) return false;
  PELAGOS_ASSIGN_OR_RETURN(std::vector<File> files, OpenFiles(&last));
  for (size_t i = files.size(); i-- > 0;) files_.push_back(std::move(files[i]));
  return !files.empty();
}

absl::StatusOr<bool> LineReader::Next(const OnLine& on_line) {
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, ReadBlock(on_line));
    if (more) return true;
    if (files_.size() == 1) {
      PELAGOS_ASSIGN_OR_RETURN(const bool newer, FindNewer());
      if (!newer) return false;
      continue;  // once more the old one: it may have grown before it was put away
    }
    Block block;
    PELAGOS_ASSIGN_OR_RETURN(const absl::string_view rest,
                             ReadAt(files_.front().fd, offset_, kBlock, block));
    if (!rest.empty() && !inside_) on_line(rest);
    files_.erase(files_.begin());
    offset_ = 0;
    inside_ = false;
  }
}

}  // namespace pelagos::store
