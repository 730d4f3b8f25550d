#include "pelagos/store/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::store {

std::string FormatLogRecord(absl::Time time, Stream stream, bool full, absl::string_view text) {
  return absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", time, absl::UTCTimeZone()),
                      stream == Stream::kStdout ? " stdout " : " stderr ", full ? "F " : "P ", text,
                      "\n");
}

std::optional<LogRecord> ParseLogRecord(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(' ', 3));
  if (parts.size() != 4 || (parts[1] != "stdout" && parts[1] != "stderr")) return std::nullopt;
  if (parts[2] != "F" && parts[2] != "P") return std::nullopt;
  return LogRecord{std::string(parts[0]), parts[1] == "stdout" ? Stream::kStdout : Stream::kStderr,
                   parts[2] == "F", std::string(parts[3])};
}

void LineCutter::Add(absl::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const size_t room = kLongestLine - pending_.size();
    if (end != absl::string_view::npos && end <= room) {
      pending_.append(bytes.data(), end);
      sink(pending_, true);
      pending_.clear();
      bytes.remove_prefix(end + 1);
      continue;
    }
    const size_t taken = std::min(room, bytes.size());
    pending_.append(bytes.data(), taken);
    bytes.remove_prefix(taken);
    if (pending_.size() == kLongestLine) {
      sink(pending_, false);
      pending_.clear();
    }
  }
}

void LineCutter::Finish(const Sink& sink) {
  if (pending_.empty()) return;
  sink(pending_, true);
  pending_.clear();
}

absl::StatusOr<LogWriter> LogWriter::Open(const std::string& file) {
  Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, "open", file);
  return LogWriter(std::move(fd));
}

void LogWriter::Write(Stream stream, absl::string_view text, bool full) {
  const std::string record = FormatLogRecord(absl::Now(), stream, full, text);
  ssize_t written;
  do {
    written = ::write(fd_.get(), record.data(), record.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0 && status_.ok()) status_ = ErrnoStatus(errno, "write", "log");
}

void LogWriter::Add(Stream stream, absl::string_view bytes) {
  cutters_[static_cast<int>(stream)].Add(
      bytes, [&](absl::string_view text, bool full) { Write(stream, text, full); });
}

void LogWriter::Finish(Stream stream) {
  cutters_[static_cast<int>(stream)].Finish(
      [&](absl::string_view text, bool full) { Write(stream, text, full); });
}

absl::StatusOr<std::vector<LogRecord>> LogReader::Next() {
  if (!fd_.valid()) {
    fd_ = Fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd_.valid()) {
      if (errno == ENOENT) return std::vector<LogRecord>();
      return ErrnoStatus(errno, "open", file_);
    }
  }
  std::vector<LogRecord> records;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return ErrnoStatus(errno, "read", file_);
    if (size == 0) return records;
    pending_.append(buffer.data(), static_cast<size_t>(size));
    size_t begin = 0;
    for (size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      auto record = ParseLogRecord(absl::string_view(pending_).substr(begin, end - begin));
      if (record) records.push_back(*std::move(record));
    }
    pending_.erase(0, begin);
  }
}

absl::StatusOr<std::vector<LogRecord>> LastLines(const std::string& file, size_t count) {
  // A line and its frame fit into this many bytes; a longer part of the file is not read.
  constexpr off_t kFrame = 64;
  const off_t window =
      static_cast<off_t>(count) * (static_cast<off_t>(LineCutter::kLongestLine) + kFrame);
  Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) {
    if (errno == ENOENT) return std::vector<LogRecord>();
    return ErrnoStatus(errno, "open", file);
  }
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  if (size < 0) return ErrnoStatus(errno, "lseek", file);
  off_t at = std::max<off_t>(0, size - window);
  std::string text;
  std::array<char, 65536> buffer;
  while (at < size) {
    const ssize_t got = ::pread(fd.get(), buffer.data(), buffer.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "pread", file);
    if (got == 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
    at += got;
  }
  std::vector<LogRecord> records;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (auto record = ParseLogRecord(line)) records.push_back(*std::move(record));
  }
  if (records.size() > count) {
    records.erase(records.begin(), records.end() - static_cast<ptrdiff_t>(count));
  }
  return records;
}

}  // namespace pelagos::store
