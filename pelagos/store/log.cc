// The format, and the writer. The reader is in log_reader.cc.

#include "pelagos/store/log.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::store {
namespace {

absl::string_view NameOf(Stream stream) {
  return stream == Stream::kStdout ? " stdout " : " stderr ";
}

bool IsLogTime(absl::string_view text) {
  constexpr absl::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] == 'd' ? !absl::ascii_isdigit(static_cast<unsigned char>(text[i]))
                         : text[i] != kShape[i]) {
      return false;
    }
  }
  return true;
}

std::string Numbered(const std::string& file, uint32_t number) {
  return number == 0 ? file : absl::StrCat(file, ".", number);
}

iovec Part(absl::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};  // writev(2) only reads it
}

}  // namespace

std::string FormatLogTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", time, absl::UTCTimeZone());
}

std::string FormatLogRecord(absl::Time time, Stream stream, bool full, absl::string_view text) {
  return absl::StrCat(FormatLogTime(time), NameOf(stream), full ? "F " : "P ", text, "\n");
}

std::optional<LogRecord> ParseLogRecord(absl::string_view line) {
  constexpr size_t kTime = 30, kStream = 8, kFrame = kTime + kStream + 2;
  if (line.size() < kFrame || !IsLogTime(line.substr(0, kTime))) return std::nullopt;
  const absl::string_view stream = line.substr(kTime, kStream);
  const absl::string_view kind = line.substr(kTime + kStream, 2);
  if (stream != NameOf(Stream::kStdout) && stream != NameOf(Stream::kStderr)) return std::nullopt;
  if (kind != "F " && kind != "P ") return std::nullopt;
  return LogRecord{std::string(line.substr(0, kTime)),
                   stream == NameOf(Stream::kStdout) ? Stream::kStdout : Stream::kStderr,
                   kind == "F ", std::string(line.substr(kFrame))};
}

absl::StatusOr<LogWriter> LogWriter::Open(const std::string& file, const LogOptions& options,
                                          LogPieces pieces) {
  LogWriter writer(file, options, pieces);
  if (options.none) return writer;
  writer.fd_ = Fd(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!writer.fd_.valid()) return ErrnoStatus(errno, "open", file);
  struct stat info;
  if (::fstat(writer.fd_.get(), &info) != 0) return ErrnoStatus(errno, "fstat", file);
  writer.size_ = static_cast<uint64_t>(info.st_size);
  // Who wrote it last may have been killed within a line.
  char last = '\n';
  writer.torn_ = info.st_size > 0 && ::pread(writer.fd_.get(), &last, 1, info.st_size - 1) == 1 &&
                 last != '\n';
  rlimit limit;
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return ErrnoStatus(errno, "getrlimit", "FSIZE");
  writer.limit_ = limit.rlim_cur;
  return writer;
}

void LogWriter::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

// The records of one chunk, as the parts of one writev(2): no text is copied.
class LogWriter::Batch {
 public:
  Batch(LogWriter& writer, Stream stream) : writer_(writer) {
    full_ = absl::StrCat(FormatLogTime(now_), NameOf(stream), "F ");
    part_ = full_;
    part_[part_.size() - 2] = 'P';
  }

  // What was lost, if no record says so by itself.
  void AddLoss() { BeginWrite(); }
  // A line of which `head` came earlier. Both stay where they are until Write.
  void AddFull(absl::string_view head, absl::string_view text_and_new_line) {
    Begin(full_.size() + head.size() + text_and_new_line.size(),
          head.size() + text_and_new_line.size());
    parts_[part_count_++] = Part(full_);
    if (!head.empty()) parts_[part_count_++] = Part(head);
    parts_[part_count_++] = Part(text_and_new_line);
  }
  void AddPart(absl::string_view head, absl::string_view text) {
    Begin(part_.size() + head.size() + text.size() + 1, head.size() + text.size());
    parts_[part_count_++] = Part(part_);
    if (!head.empty()) parts_[part_count_++] = Part(head);
    if (!text.empty()) parts_[part_count_++] = Part(text);
    parts_[part_count_++] = Part("\n");
  }

  void Write() {
    if (count_ == 0) return;
    const size_t done = WriteRecords();
    for (size_t i = 0; i < done; ++i) {
      if (records_[i].text == 0) writer_.lost_ = 0;  // that was spoken of now
    }
    for (size_t i = done; i < count_; ++i) writer_.lost_ += records_[i].text;
    count_ = part_count_ = 0;
    bytes_ = 0;
  }

 private:
  static constexpr size_t kMost = 48, kMostParts = 4;  // one record more may speak of lost ones

  struct Record {
    size_t bytes = 0;  // on disk
    size_t text = 0;   // of the program's output; 0: what is said of lost ones
  };

  // Makes room for a record.
  void Begin(size_t bytes, size_t text) {
    if (count_ >= kMost) Write();
    const uint64_t most = writer_.options_.max_bytes;
    const uint64_t before = writer_.size_ + bytes_;
    if (most != 0 && before != 0 && before + bytes > most) {
      Write();
      if (writer_.size_ != 0) rotated_ = writer_.Rotate();
    }
    if (part_count_ == 0) BeginWrite();
    records_[count_++] = {bytes, text};
    bytes_ += bytes;
  }
  void BeginWrite() {
    if (writer_.torn_) {
      parts_[part_count_++] = Part("\n");
      bytes_ += 1;
    }
    // What one write could not do is spoken of by the next that can, before anything else.
    if (writer_.lost_ == 0) return;
    loss_ = FormatLogRecord(
        now_, Stream::kStderr, true,
        absl::StrCat("pelagos: ", writer_.lost_,
                     " bytes of output are missing here: they could not be written to the log"));
    parts_[part_count_++] = Part(loss_);
    records_[count_++] = {loss_.size(), 0};
    bytes_ += loss_.size();
  }

  // How many records were written.
  size_t WriteRecords() {
    const size_t end = writer_.torn_ ? 1 : 0;
    if (!rotated_) {  // the file has had its share
      rotated_ = true;
      return 0;
    }
    if (writer_.size_ + bytes_ > writer_.limit_) {
      writer_.Fail(ErrnoStatus(EFBIG, "writev", writer_.file_));
      return 0;
    }
    ssize_t written;
    do {
      written = ::writev(writer_.fd_.get(), parts_.data(), static_cast<int>(part_count_));
    } while (written < 0 && errno == EINTR);
    if (written < 0) {
      writer_.Fail(ErrnoStatus(errno, "writev", writer_.file_));
      return 0;
    }
    if (static_cast<size_t>(written) == bytes_) {
      writer_.torn_ = false;
      writer_.size_ += bytes_;
      return count_;
    }
    // The disk is full. What is whole stays, the rest is taken away again.
    writer_.Fail(ErrnoStatus(ENOSPC, "writev", writer_.file_));
    size_t done = 0, whole = static_cast<size_t>(written) >= end ? end : 0;
    while (done < count_ && whole + records_[done].bytes <= static_cast<size_t>(written)) {
      whole += records_[done++].bytes;
    }
    if (whole >= end) writer_.torn_ = false;
    const uint64_t size = writer_.size_ + whole;
    if (::ftruncate(writer_.fd_.get(), static_cast<off_t>(size)) == 0) {
      writer_.size_ = size;
    } else {
      writer_.size_ += static_cast<size_t>(written);
      writer_.torn_ = writer_.torn_ || static_cast<size_t>(written) > whole;
    }
    return done;
  }

  LogWriter& writer_;
  const absl::Time now_ = absl::Now();
  std::string full_, part_, loss_;
  std::array<iovec, kMost * kMostParts + 2> parts_;
  std::array<Record, kMost + 1> records_;
  size_t count_ = 0, part_count_ = 0, bytes_ = 0;
  bool rotated_ = true;
};

void LogWriter::Add(Stream stream, absl::string_view bytes) {
  if (!fd_.valid() || bytes.empty()) return;
  std::string& pending = pending_[static_cast<int>(stream)];
  const bool lines = pieces_ == LogPieces::kLines;
  if (lines && pending.size() + bytes.size() < kLongestLogText &&
      bytes.find('\n') == absl::string_view::npos) {
    pending.append(bytes.data(), bytes.size());
    return;
  }
  Batch batch(*this, stream);
  absl::string_view head = pending;
  while (!bytes.empty()) {
    const size_t room = kLongestLogText - head.size();
    const size_t end = bytes.substr(0, room + 1).find('\n');
    if (end != absl::string_view::npos) {
      batch.AddFull(head, bytes.substr(0, end + 1));
      bytes.remove_prefix(end + 1);
    } else if (bytes.size() >= room || !lines) {
      const absl::string_view part = bytes.substr(0, room);
      batch.AddPart(head, part);
      bytes.remove_prefix(part.size());
    } else {
      break;
    }
    head = "";
  }
  batch.Write();
  pending = std::string(bytes);  // and gives back what it had
}

void LogWriter::Finish(Stream stream) {
  if (!fd_.valid()) return;
  std::string& pending = pending_[static_cast<int>(stream)];
  if (pending.empty() && lost_ == 0) return;
  Batch batch(*this, stream);
  if (pending.empty()) {
    batch.AddLoss();
  } else {
    batch.AddPart(pending, "");
  }
  batch.Write();
  pending = std::string();
}

// At each step the files are all there, under their old name or their new one. False: `file_` is
// what it was, and is full.
bool LogWriter::Rotate() {
  const std::string next = absl::StrCat(file_, ".next");
  Fd fd(::open(next.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) {
    Fail(ErrnoStatus(errno, "open", next));
    return false;
  }
  const uint32_t files = std::max<uint32_t>(options_.max_files, 1);
  // The first number that is free, or the last that there may be: it goes.
  uint32_t last = 1;
  while (last + 1 < files && ::access(Numbered(file_, last).c_str(), F_OK) == 0) ++last;
  for (uint32_t number = files > 1 ? last : 0; number > 0; --number) {
    if (::rename(Numbered(file_, number - 1).c_str(), Numbered(file_, number).c_str()) != 0 &&
        errno != ENOENT) {
      Fail(ErrnoStatus(errno, "rename", Numbered(file_, number - 1)));
      return false;
    }
  }
  if (::rename(next.c_str(), file_.c_str()) != 0) {
    Fail(ErrnoStatus(errno, "rename", next));
    return false;
  }
  // There may have been more of them.
  for (uint32_t number = files; ::unlink(Numbered(file_, number).c_str()) == 0;) ++number;
  fd_ = std::move(fd);
  size_ = 0;
  torn_ = false;
  return true;
}

}  // namespace pelagos::store
