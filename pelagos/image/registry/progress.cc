#include "pelagos/image/registry/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

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

size_t Columns(int fd) {
  constexpr size_t kUsual = 80;
  winsize size = {};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
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
  if (drawn_ > 0) Write(absl::StrCat("\x1b[", drawn_, "A\x1b[J"));
  drawn_ = 0;
  Write(absl::StrCat(text, "\n"));
}

// Called with the mutex held, as the next two are.
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

void Progress::Draw() {
  if (lines_.empty()) return;
  constexpr size_t kBar = 30;
  const size_t columns = Columns(fd_);
  std::string text;
  if (drawn_ > 0) absl::StrAppend(&text, "\x1b[", drawn_, "A");
  for (const Line& line : lines_) {
    std::string row = absl::StrFormat("%-12s %-12s", ShortId(line.id), line.status);
    if (line.total > 0 && line.done < line.total && line.done > 0) {
      const size_t filled = static_cast<size_t>(line.done * kBar / line.total);
      absl::StrAppend(&row, " [", std::string(filled, '='), ">",
                      std::string(kBar - std::min(filled, kBar), ' '), "] ", HumanSize(line.done),
                      "/", HumanSize(line.total));
    } else if (line.total > 0) {
      absl::StrAppend(&row, " ", HumanSize(line.total));
    }
    // A row that wraps would be two when the cursor goes up again.
    absl::StrAppend(&text, "\r\x1b[2K", row.substr(0, columns - 1), "\n");
  }
  drawn_ = lines_.size();
  Write(text);
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
