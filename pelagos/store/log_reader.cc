// The reader of logs: see log.h.
//
// It goes by offsets at which lines begin, and holds its files open: what was renamed meanwhile is
// still the same file, and no other can have its inode's number.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/store/log.h"

namespace pelagos::store {
namespace {

// Holds any record whole.
constexpr size_t kBlock = 64 * 1024;
using Block = std::array<char, kBlock>;
static_assert(kBlock > 2 * kLongestLogText);

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

// As much as there is, up to `size`.
absl::StatusOr<absl::string_view> ReadAt(const Fd& fd, off_t offset, size_t size, Block& block) {
  size_t length = 0;
  while (length < size) {
    const ssize_t got = ::pread(fd.get(), block.data() + length, size - length,
                                offset + static_cast<off_t>(length));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "pread", "log");
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  return absl::string_view(block.data(), length);
}

}  // namespace

LogReader::LogReader(std::string file, const LogQuery& query)
    : file_(std::move(file)),
      query_(query),
      since_(query.since == absl::InfinitePast() ? "" : FormatLogTime(query.since)),
      until_(query.until == absl::InfiniteFuture() ? "" : FormatLogTime(query.until)) {}

// Newest first, up to the one that `last` is, which is left out. From the newest on: what a
// rotation moves meanwhile is met again under its next number, and nothing is missed.
absl::StatusOr<std::vector<LogReader::File>> LogReader::OpenFiles(const struct stat* last) const {
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
    if (known) continue;
    files.push_back(std::move(file));
  }
}

// False while there is no log.
absl::StatusOr<bool> LogReader::Begin() {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<File> files, OpenFiles(nullptr));
  if (files.empty()) {
    query_.tail.reset();  // whatever comes is new
    return false;
  }
  begun_ = true;
  Position begin{files.size() - 1, 0};
  if (query_.tail) {
    PELAGOS_ASSIGN_OR_RETURN(begin, FindTail(files, *query_.tail));
  } else if (!since_.empty()) {
    // A file whose last change was before that has nothing to say. Its time is that of the kernel's
    // last tick, records' is finer.
    const auto is_older = [&](const File& file) {
      return absl::TimeFromTimespec(file.info.st_mtim) + absl::Seconds(1) < query_.since;
    };
    while (begin.file > 0 && is_older(files[begin.file])) --begin.file;
  }
  for (size_t i = begin.file + 1; i-- > 0;) files_.push_back(std::move(files[i]));
  offset_ = begin.offset;
  return true;
}

// Where the last `lines` lines begin.
absl::StatusOr<LogReader::Position> LogReader::FindTail(const std::vector<File>& newest_first,
                                                        uint64_t lines) {
  Block block;
  bool unfinished[2] = {true, true};  // no record of the stream was seen that comes later
  uint64_t found = 0;
  for (size_t number = 0; number < newest_first.size(); ++number) {
    const File& file = newest_first[number];
    off_t end = file.info.st_size;
    while (end > 0) {
      const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(kBlock));
      PELAGOS_ASSIGN_OR_RETURN(absl::string_view text,
                               ReadAt(file.fd, begin, static_cast<size_t>(end - begin), block));
      // The line that the block begins within is for the next one.
      size_t first = 0;
      if (begin > 0) {
        const size_t new_line = text.find('\n');
        first = new_line == absl::string_view::npos ? text.size() : new_line + 1;
      }
      size_t line_end = text.rfind('\n');
      while (line_end != absl::string_view::npos && line_end >= first) {
        const size_t before =
            line_end == 0 ? absl::string_view::npos : text.rfind('\n', line_end - 1);
        const size_t line_begin = before == absl::string_view::npos ? 0 : before + 1;
        if (line_begin < first) break;
        const auto record = ParseLogRecord(text.substr(line_begin, line_end - line_begin));
        if (record && !IsOutside(*record)) {
          bool& last = unfinished[static_cast<int>(record->stream)];
          if ((record->full || last) && ++found > lines) {
            return Position{number, begin + static_cast<off_t>(line_end) + 1};
          }
          last = false;
        }
        line_end = before;
      }
      // A whole block within one line is none of ours.
      end = first > 0 && first < text.size() ? begin + static_cast<off_t>(first) : begin;
    }
  }
  return Position{newest_first.size() - 1, 0};
}

bool LogReader::IsOutside(const LogRecord& record) const {
  return (!since_.empty() && record.time < since_) || (!until_.empty() && record.time > until_);
}

// The next block of the first file. False at its end.
absl::StatusOr<bool> LogReader::ReadBlock(std::vector<LogRecord>& records) {
  Block block;
  PELAGOS_ASSIGN_OR_RETURN(const absl::string_view text,
                           ReadAt(files_.front().fd, offset_, kBlock, block));
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != absl::string_view::npos; begin = end + 1) {
    if (std::exchange(inside_, false)) continue;
    auto record = ParseLogRecord(text.substr(begin, end - begin));
    if (!record) {
      ++damaged_;
    } else if (!IsOutside(*record)) {
      records.push_back(*std::move(record));
    }
  }
  if (begin == 0 && text.size() == kBlock) {
    if (!inside_) ++damaged_;
    inside_ = true;
    begin = kBlock;
  }
  offset_ += static_cast<off_t>(begin);
  return begin > 0;
}

// True if `log` is another file by now: those since then are read next.
absl::StatusOr<bool> LogReader::FindNewer() {
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

absl::StatusOr<std::vector<LogRecord>> LogReader::Next() {
  std::vector<LogRecord> records;
  if (!begun_) {
    PELAGOS_ASSIGN_OR_RETURN(const bool begun, Begin());
    if (!begun) return records;
  }
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, ReadBlock(records));
    if (!records.empty()) return records;
    if (more) continue;
    if (files_.size() == 1) {
      PELAGOS_ASSIGN_OR_RETURN(const bool newer, FindNewer());
      if (!newer) return records;
      continue;  // once more the old one: it may have grown before it was put away
    }
    struct stat info;
    if (::fstat(files_.front().fd.get(), &info) != 0) return ErrnoStatus(errno, "fstat", file_);
    if (info.st_size > offset_ && !inside_) ++damaged_;
    files_.erase(files_.begin());
    offset_ = 0;
    inside_ = false;
  }
}

absl::StatusOr<std::vector<LogRecord>> LastLines(const std::string& file, size_t count) {
  LogReader reader(file, {.tail = count});
  std::vector<LogRecord> all;
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(std::vector<LogRecord> records, reader.Next());
    if (records.empty()) return all;
    for (LogRecord& record : records) all.push_back(std::move(record));
  }
}

}  // namespace pelagos::store
