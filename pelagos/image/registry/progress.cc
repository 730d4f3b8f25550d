#include "pelagos/image/registry/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"

namespace pelagos::image {
namespace {

constexpr size_t kShortId = 12;

std::string ShortId(absl::string_view id) {
  if (absl::ConsumePrefix(&id, "sha256:")) id = id.substr(0, kShortId);
  return std::string(id);
}

struct Window {
  size_t columns = 80, rows = 24;  // where the terminal does not say
};

Window WindowOf(int fd) {
  Window window;
  winsize size = {};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return window;
  if (size.ws_col > 1) window.columns = size.ws_col;
  if (size.ws_row > 1) window.rows = size.ws_row;
  return window;
}

// "a3ed95caeb02 downloading  [======>     ] 1.2 MB/3.0 MB"
std::string Row(absl::string_view id, absl::string_view status, uint64_t done, uint64_t total,
                bool with_bar) {
  constexpr size_t kBar = 30;
  std::string row = absl::StrFormat("%-12s %-12s", id, status);
  if (with_bar && done > 0 && done < total) {
    const size_t filled = static_cast<size_t>(done * kBar / total);
    absl::StrAppend(&row, " [", std::string(filled, '='), ">", std::string(kBar - filled, ' '),
                    "] ", HumanSize(done), "/", HumanSize(total));
  } else if (total > 0) {
    absl::StrAppend(&row, " ", HumanSize(total));
  }
  return row;
}

}  // namespace

std::string HumanSize(uint64_t bytes) {
  if (bytes < 1000) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (value < 999.95) break;
    value /= 1000;
    unit = next;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

Progress::Progress(ProgressMode mode, int fd) : mode_(mode), fd_(fd) {
  if (mode_ == ProgressMode::kAuto) {
    mode_ = ::isatty(fd) == 1 ? ProgressMode::kTty : ProgressMode::kPlain;
  }
  if (mode_ != ProgressMode::kTty) return;
  painter_ = std::thread([this] {
    constexpr auto kPause = std::chrono::milliseconds(100);
    std::unique_lock<std::mutex> lock(mutex_);
    while (!ended_) {
      Draw();
      ending_.wait_for(lock, kPause, [&] { return ended_; });
    }
    Draw();
  });
}

Progress::~Progress() {
  if (!painter_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  ending_.notify_all();
  painter_.join();
}

size_t Progress::Add(absl::string_view id, uint64_t total) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lines_.push_back({std::string(id), "waiting", 0, total});
  return lines_.size() - 1;
}

void Progress::Status(size_t line, absl::string_view status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (lines_[line].status == status) return;
  lines_[line].status = std::string(status);
  Say(lines_[line]);
}

void Progress::Advance(size_t line, uint64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lines_[line].done += bytes;
  constexpr absl::Duration kPause = absl::Milliseconds(500);
  if (mode_ != ProgressMode::kJson) return;
  if (const absl::Time now = absl::Now(); now - lines_[line].said >= kPause) {
    Say(lines_[line]);
    lines_[line].said = now;
  }
}

void Progress::SetDone(size_t line, uint64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lines_[line].done = bytes;
}

void Progress::Note(absl::string_view text) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (mode_ == ProgressMode::kQuiet) return;
  if (mode_ == ProgressMode::kJson) {
    Write(absl::StrCat(nlohmann::json{{"status", std::string(text)}}.dump(
                           -1, ' ', false, nlohmann::json::error_handler_t::replace),
                       "\n"));
    return;
  }
  // Above the bars, which are drawn anew below it.
  if (mode_ == ProgressMode::kTty) Write(absl::StrCat(ToFirstRow(WindowOf(fd_).columns), "\x1b[J"));
  drawn_.clear();
  Write(absl::StrCat(text, "\n"));
}

// Called with the mutex held, as those below are.
void Progress::Say(const Line& line) {
  if (mode_ == ProgressMode::kPlain) {
    const bool sized = line.total > 0 && line.status == "downloading";
    Write(absl::StrCat(ShortId(line.id), ": ", line.status,
                       sized ? absl::StrCat(" ", HumanSize(line.total)) : "", "\n"));
  } else if (mode_ == ProgressMode::kJson) {
    const nlohmann::json json = {{"id", line.id},
                                 {"status", line.status},
                                 {"current", std::min(line.done, line.total)},
                                 {"total", line.total}};
    Write(absl::StrCat(json.dump(), "\n"));
  }
}

// Back over the rows that stand there. A terminal that has become narrower has wrapped them.
std::string Progress::ToFirstRow(size_t columns) const {
  size_t up = 0;
  for (const std::string& row : drawn_) {
    up += std::max<size_t>(1, (row.size() + columns - 1) / columns);
  }
  return up == 0 ? "" : absl::StrCat("\r\x1b[", up, "A");
}

void Progress::Draw() {
  if (lines_.empty()) return;
  const Window window = WindowOf(fd_);
  // What has scrolled out of a terminal cannot be drawn again: while it goes on, only the last rows
  // are shown, as many as there is room for; at the end all, without the bars.
  const size_t room = ended_ ? lines_.size() : window.rows - 1;
  std::vector<std::string> rows;
  for (size_t i = lines_.size() - std::min(lines_.size(), room); i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    // A row that wraps would be two when the cursor goes up again.
    rows.push_back(Row(ShortId(line.id), line.status, line.done, line.total, !ended_)
                       .substr(0, window.columns - 1));
  }
  if (rows == drawn_ && window.columns == columns_) return;
  std::string text = ToFirstRow(window.columns);
  for (const std::string& row : rows) absl::StrAppend(&text, row, "\x1b[K\n");
  drawn_ = std::move(rows);
  columns_ = window.columns;
  Write(absl::StrCat(text, "\x1b[J"));
}

// Nothing waits for it: a terminal that is gone ends no transfer.
void Progress::Write(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd_, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}

}  // namespace pelagos::image
