// Printing a container's log: what it wrote to its standard output to ours, likewise of standard
// error, byte for byte, in the order in which it came.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/store/log.h"
#include "pelagos/sys/process.h"

namespace pelagos::cli {

// Whom it writes for is borrowed: two descriptors, which may be the same.
class LogPrinter {
 public:
  LogPrinter(store::LogReader reader, bool timestamps, int out, int err)
      : reader_(std::move(reader)), timestamps_(timestamps), fds_{out, err} {}

  // What --log-opt wanted of labels and variables comes before each line: nothing, and a blank.
  void ShowDetails() { details_ = true; }

  // All that is there by now and was not printed yet.
  absl::Status PrintNew();

  uint64_t damaged() const { return reader_.damaged(); }

 private:
  absl::Status Flush();

  store::LogReader reader_;
  bool timestamps_;
  bool details_ = false;
  int fds_[2];
  bool inside_[2] = {};  // of a line of the stream
  int to_ = -1;          // whom buffer_ is for
  std::string buffer_;
};

// What `Follow` waits for.
struct Followed {
  std::vector<std::string> folders;             // where something happens when there is more
  std::vector<sys::ProcessIdentity> processes;  // whose end is worth a look
  std::function<bool()> ended;                  // nobody writes any more
  absl::Time until = absl::InfiniteFuture();
};

// Prints until nobody writes any more, or until that time.
absl::Status Follow(LogPrinter& printer, const Followed& followed);

}  // namespace pelagos::cli
