// The inputs of earlier sessions: $XDG_STATE_HOME/pelagos/reml_history, an input a line, in which a
// newline is \n and a backslash \\. Only its owner may read it.
//
// Several sessions at once add to it under a lock; each sees what was there when it began.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pelagos::cli {

class ReplHistory {
 public:
  static constexpr size_t kMost = 1000;          // entries
  static constexpr size_t kLongest = 16 * 1024;  // bytes of one; longer ones are not kept

  // The file's place by the environment; empty: there is none, without HOME.
  static std::string DefaultPath();

  // Reads the file, whose folders are made where they are missing; it is cut down to the last kMost
  // entries. An error says why nothing can be kept.
  static absl::StatusOr<ReplHistory> Open(const std::string& path);

  // Oldest first.
  const std::vector<std::string>& entries() const { return entries_; }
  // At the end of the file. An entry that is the same as the last one is not added again.
  absl::Status Add(absl::string_view entry);

 private:
  explicit ReplHistory(std::string path) : path_(std::move(path)) {}
  absl::Status Read();

  std::string path_;
  std::vector<std::string> entries_;
};

}  // namespace pelagos::cli
