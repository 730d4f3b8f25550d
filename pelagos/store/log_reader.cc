// The reader of logs: see log.h.

#include <algorithm>
#include <utility>

#include "pelagos/base/status_macros.h"
#include "pelagos/store/log.h"

namespace pelagos::store {

static_assert(LineReader::kBlock > 2 * kLongestLogText);

LogReader::LogReader(std::string file, const LogQuery& query)
    : lines_(std::move(file)),
      query_(query),
      since_(query.since == absl::InfinitePast() ? "" : FormatLogTime(query.since)),
      until_(query.until == absl::InfiniteFuture() ? "" : FormatLogTime(query.until)) {}

bool LogReader::IsOutside(const LogRecord& record) const {
  return (!since_.empty() && record.time < since_) || (!until_.empty() && record.time > until_);
}

absl::StatusOr<LineReader::Position> LogReader::FindStart(
    const std::vector<LineReader::File>& newest_first) const {
  if (query_.tail) return FindTail(newest_first, *query_.tail);
  LineReader::Position start{newest_first.size() - 1, 0};
  // A file whose last change was before `since` has nothing to say. Its time is that of the
  // kernel's last tick, records' is finer.
  const auto is_older = [&](const LineReader::File& file) {
    return absl::TimeFromTimespec(file.info.st_mtim) + absl::Seconds(1) < query_.since;
  };
  while (start.file > 0 && is_older(newest_first[start.file])) --start.file;
  return start;
}

// Where the last `lines` lines begin.
absl::StatusOr<LineReader::Position> LogReader::FindTail(
    const std::vector<LineReader::File>& newest_first, uint64_t lines) const {
  constexpr auto kNone = absl::string_view::npos;
  LineReader::Block block;
  bool unfinished[2] = {true, true};  // no record of the stream was seen that comes later
  uint64_t found = 0;
  for (size_t number = 0; number < newest_first.size(); ++number) {
    const LineReader::File& file = newest_first[number];
    off_t end = file.info.st_size;
    while (end > 0) {
      const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(LineReader::kBlock));
      PELAGOS_ASSIGN_OR_RETURN(
          const absl::string_view text,
          LineReader::ReadAt(file.fd, begin, static_cast<size_t>(end - begin), block));
      // The line that the block begins within is for the next one.
      size_t first = 0;
      if (begin > 0) {
        const size_t new_line = text.find('\n');
        first = new_line == kNone ? text.size() : new_line + 1;
      }
      size_t line_end = text.rfind('\n');
      while (line_end != kNone && line_end >= first) {
        const size_t before = line_end == 0 ? kNone : text.rfind('\n', line_end - 1);
        const size_t line_begin = before == kNone ? 0 : before + 1;
        const auto record = ParseLogRecord(text.substr(line_begin, line_end - line_begin));
        if (record && !IsOutside(*record)) {
          bool& last = unfinished[static_cast<int>(record->stream)];
          if ((record->full || last) && ++found > lines) {
            return LineReader::Position{number, begin + static_cast<off_t>(line_end) + 1};
          }
          last = false;
        }
        line_end = before;
      }
      // A whole block within one line is none of ours.
      end = first > 0 && first < text.size() ? begin + static_cast<off_t>(first) : begin;
    }
  }
  return LineReader::Position{newest_first.size() - 1, 0};
}

absl::StatusOr<std::vector<LogRecord>> LogReader::Next() {
  std::vector<LogRecord> records;
  if (!lines_.begun()) {
    PELAGOS_ASSIGN_OR_RETURN(const bool begun,
                             lines_.Begin([this](const std::vector<LineReader::File>& files) {
                               return FindStart(files);
                             }));
    if (!begun) {
      query_.tail.reset();  // whatever comes is new
      return records;
    }
  }
  const auto on_line = [&](std::optional<absl::string_view> line) {
    std::optional<LogRecord> record = line ? ParseLogRecord(*line) : std::nullopt;
    if (!record) {
      ++damaged_;
    } else if (!IsOutside(*record)) {
      records.push_back(*std::move(record));
    }
  };
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, lines_.Next(on_line));
    if (!more || !records.empty()) return records;
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
