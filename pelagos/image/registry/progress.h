// How far a transfer is, for people (bars on a terminal, else a line for each step) or programs (a
// JSON object a line). On standard error: standard output has the result.
//
//   tty    a bar for each layer, redrawn ten times a second, no wider than the terminal and no more
//          than it has rows; at the end a line for each stays
//   plain  "a3ed95caeb02: downloading 3.2 MB", "a3ed95caeb02: done", one line each
//   json   {"id": "sha256:...", "status": "downloading", "current": 1, "total": 2}
//   quiet  nothing
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/image/transfer_request.h"

namespace pelagos::image {

// "512 B", "3.2 MB": powers of 1000, as registries count.
std::string HumanSize(uint64_t bytes);

// Thread-safe.
class Progress {
 public:
  // `fd` stays the caller's. kAuto: a terminal gets bars.
  Progress(ProgressMode mode, int fd);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // A line of its own; `total` bytes, 0 if they are not known.
  size_t Add(absl::string_view id, uint64_t total);
  // "downloading", "unpacking", "done", "cached", ...
  void Status(size_t line, absl::string_view status);
  void Advance(size_t line, uint64_t bytes);
  // From the start again, or from where another process stopped.
  void SetDone(size_t line, uint64_t bytes);
  void Note(absl::string_view text);

 private:
  struct Line {
    std::string id, status;
    uint64_t done = 0, total = 0;
    absl::Time said = absl::InfinitePast();  // when JSON last told the bytes
  };
  void Say(const Line& line);
  void Draw();
  std::string ToFirstRow(size_t columns) const;
  void Write(absl::string_view text);

  ProgressMode mode_;  // never kAuto
  const int fd_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  std::vector<Line> lines_;
  std::vector<std::string> drawn_;  // the rows on the terminal
  size_t columns_ = 0;              // that it had then
  std::thread painter_;
};

}  // namespace pelagos::image
