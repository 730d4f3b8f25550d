// A program that is spoken to over two pipes, as an editor speaks to a language server. Everything
// waits by poll(2), and never beyond a deadline.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/lsp/frame.h"

namespace pelagos::lsp {

class Process {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(30);

  // An error of the start is one of the first exchange.
  explicit Process(std::vector<std::string> argv);
  ~Process();  // kills it
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Writes all bytes, and takes in what is said meanwhile; false: it does not read any more.
  bool Write(absl::string_view bytes, absl::Duration patience = kPatience);
  // The next message; nullopt: its output has ended, or nothing came in time.
  std::optional<std::string> Next(absl::Duration patience = kPatience);
  // The next bytes of the output, for programs that write no messages; empty as above.
  std::string NextBytes(absl::Duration patience = kPatience);

  void CloseInput() { in_.reset(); }
  void CloseOutput() { out_.reset(); }
  // The exit code; nullopt: it does not end in time. 128 and more: a signal.
  std::optional<int> Wait(absl::Duration patience = kPatience);

 private:
  // Reads what there is; false: nothing came until `deadline`.
  bool Read(absl::Time deadline, bool also_writable);

  pid_t pid_ = -1;
  Fd pidfd_, in_, out_;
  FrameReader frames_;
  std::string bytes_;
  bool writable_ = false;
  std::optional<int> code_;
};

}  // namespace pelagos::lsp
