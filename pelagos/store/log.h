// A container's output on disk: one line a record, in the order of its arrival, both streams in one
// file.
//
//   2026-03-01T12:00:00.123456789Z stdout F hello
//
// The format is the one that Kubernetes' runtimes and Podman's k8s-file write: time, stream, F for
// the text up to a new-line, or P for a part of it that was too long, or not ended yet. The bytes
// of a stream are those of its records in a row, with a new-line after each F.
//
//   log      what is written now
//   log.1    what was written before it, and so on: they move up by rename(2) when `log` is full
//
// One process writes; any number may read meanwhile, without a lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/log_options.h"
#include "pelagos/store/line_reader.h"

namespace pelagos::store {

enum class Stream : uint8_t { kStdout, kStderr };

struct LogRecord {
  std::string time;  // RFC 3339 with nanoseconds, UTC: compares as text
  Stream stream = Stream::kStdout;
  bool full = true;
  std::string text;
};

// As the time of a record.
std::string FormatLogTime(absl::Time time);

std::string FormatLogRecord(absl::Time time, Stream stream, bool full, absl::string_view text);

// nullopt if `line` (without its new-line) is no record.
std::optional<LogRecord> ParseLogRecord(absl::string_view line);

// No text of a record is longer: longer lines come in parts. In bytes.
inline constexpr size_t kLongestLogText = 16 * 1024;

// kLines keeps what has no new-line yet for its line, as programs expect whose output goes to a
// file; kAsItComes writes it as a part at once, as somebody expects who watches a terminal.
enum class LogPieces : uint8_t { kLines, kAsItComes };

// Appends to a container's log. A disk that is full, or fails, never costs more than records: those
// that cannot be written are dropped, and as soon as writing works again a record of stderr says
// how many bytes they were. No record is ever written in part.
//
// Holds at most one unfinished line per stream, and nothing else, in memory. Moves.
class LogWriter {
 public:
  // Appends to `file` and makes it where it is missing; its folder must exist. With options.none:
  // touches nothing, ever.
  static absl::StatusOr<LogWriter> Open(const std::string& file, const LogOptions& options = {},
                                        LogPieces pieces = LogPieces::kLines);

  // One system call for some dozens of lines.
  void Add(Stream stream, absl::string_view bytes);
  // The stream has ended: what stands there without a new-line is written, and what is to be said
  // of lost bytes.
  void Finish(Stream stream);

  // The first thing that went wrong.
  const absl::Status& status() const { return status_; }
  // Bytes of output that were dropped and not spoken of in the log yet.
  uint64_t lost() const { return lost_; }

 private:
  class Batch;

  LogWriter(std::string file, const LogOptions& options, LogPieces pieces)
      : file_(std::move(file)), options_(options), pieces_(pieces) {}

  void Fail(absl::Status status);
  bool Rotate();

  std::string file_;
  LogOptions options_;
  LogPieces pieces_;
  Fd fd_;
  uint64_t size_ = 0;   // of the file
  uint64_t limit_ = 0;  // what a file may grow to (RLIMIT_FSIZE): beyond it a signal would end us
  bool torn_ = false;   // the file's last line is not ended
  uint64_t lost_ = 0;
  std::string pending_[2];
  absl::Status status_;
};

// Which records are asked for.
struct LogQuery {
  // Only the last lines of those that match; P records are of the line that they are parts of.
  std::optional<uint64_t> tail = std::nullopt;
  absl::Time since = absl::InfinitePast();    // not before
  absl::Time until = absl::InfiniteFuture();  // not after
};

// Reads a log from its oldest file to its newest, and goes on with what is added, across rotations.
// Of a log of any size it keeps one block in memory. What is no record is skipped and counted.
// Moves.
class LogReader {
 public:
  explicit LogReader(std::string file, const LogQuery& query = {});

  // The next records that are whole by now, a bounded number of them. None: that is all for now.
  absl::StatusOr<std::vector<LogRecord>> Next();

  // Lines that were no records, in what was read so far.
  uint64_t damaged() const { return damaged_; }

 private:
  bool IsOutside(const LogRecord& record) const;
  absl::StatusOr<LineReader::Position> FindStart(
      const std::vector<LineReader::File>& newest_first) const;
  absl::StatusOr<LineReader::Position> FindTail(const std::vector<LineReader::File>& newest_first,
                                                uint64_t lines) const;

  LineReader lines_;
  LogQuery query_;
  std::string since_, until_;  // as in records; empty: no bound
  uint64_t damaged_ = 0;
};

// The last `count` lines of a log, oldest first.
absl::StatusOr<std::vector<LogRecord>> LastLines(const std::string& file, size_t count);

}  // namespace pelagos::store
