// A standard stream of ours that somebody may not read for a while: written as it takes it, without
// ever waiting, so that signals and what is typed are seen meanwhile.
//
//   pipe, terminal    opened anew, non-blocking: the descriptor that we were given is shared with
//                     others (the shell), whose mode is not ours to change
//   where that is not allowed, and sockets: as much at once as certainly does not wait
//   file              files never wait
//
// Source: pipe(7), open(2), poll(2).
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"

namespace pelagos::cli {

class OurOutput {
 public:
  // Borrows the descriptor; -1, or one that is not open: what is written is dropped.
  explicit OurOutput(int fd);

  // Writes from the front of `text` and takes it away from there. True: all of it is written.
  // False: the rest waits for fd() to be writable. Aborted: whoever read it is gone.
  absl::StatusOr<bool> Write(absl::string_view& text);

  int fd() const { return own_.valid() ? own_.get() : fd_; }

 private:
  int fd_;
  Fd own_;
  bool is_socket_ = false;
  bool waits_ = false;  // a write of more than kCertain may wait
};

}  // namespace pelagos::cli
