// Where an OCI runtime tells what went wrong: its clients read the file that --log names, people
// standard error.
//
// Source: runc(8) ("--log", "--log-format").
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pelagos::cli {

class OciLog {
 public:
  OciLog() = default;
  // Appends to `path`; empty: standard error.
  OciLog(std::string path, bool json, bool debug)
      : path_(std::move(path)), json_(json), debug_(debug) {}

  // The file can be written.
  absl::Status Check() const;

  void Error(absl::string_view message) const;
  void Warn(absl::string_view message) const { Add("warning", message); }
  void Debug(absl::string_view message) const {
    if (debug_) Add("debug", message);
  }

 private:
  void Add(absl::string_view level, absl::string_view message) const;

  std::string path_;
  bool json_ = false, debug_ = false;
};

}  // namespace pelagos::cli
