// A container's output on disk: one line a record, in the order of its arrival, both streams in one
// file.
//
//   2026-03-01T12:00:00.123456789Z stdout F hello
//
// The format is the one that Kubernetes' runtimes and Podman's k8s-file write: time, stream, F for
// a full line or P for a part of one that was too long or not yet ended, the text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"

namespace pelagos::store {

enum class Stream : uint8_t { kStdout, kStderr };

struct LogRecord {
  std::string time;  // RFC 3339 with nanoseconds, UTC: compares as text
  Stream stream = Stream::kStdout;
  bool full = true;
  std::string text;
};

std::string FormatLogRecord(absl::Time time, Stream stream, bool full, absl::string_view text);

// nullopt if `line` (without its new-line) is no record.
std::optional<LogRecord> ParseLogRecord(absl::string_view line);

// Cuts a stream of bytes into lines. Lines over 16 KiB come in parts.
class LineCutter {
 public:
  static constexpr size_t kLongestLine = 16 * 1024;
  using Sink = std::function<void(absl::string_view text, bool full)>;

  void Add(absl::string_view bytes, const Sink& sink);
  // What stands there without a new-line when the stream ends.
  void Finish(const Sink& sink);

 private:
  std::string pending_;
};

// Appends records to a log file. A failing disk costs lines, never the container: the first error
// is kept for the owner to report.
class LogWriter {
 public:
  static absl::StatusOr<LogWriter> Open(const std::string& file);

  void Add(Stream stream, absl::string_view bytes);
  void Finish(Stream stream);
  const absl::Status& status() const { return status_; }

 private:
  explicit LogWriter(Fd fd) : fd_(std::move(fd)) {}
  void Write(Stream stream, absl::string_view text, bool full);

  Fd fd_;
  LineCutter cutters_[2];
  absl::Status status_;
};

// Reads a growing log file from its start: each call gives the records that are whole by now.
class LogReader {
 public:
  explicit LogReader(std::string file) : file_(std::move(file)) {}

  // None while the file is not there yet.
  absl::StatusOr<std::vector<LogRecord>> Next();

 private:
  std::string file_;
  Fd fd_;
  std::string pending_;
};

// The last `count` lines of a log, oldest first.
absl::StatusOr<std::vector<LogRecord>> LastLines(const std::string& file, size_t count);

}  // namespace pelagos::store
