// Our own terminal while a container has one: raw, and put back as it was whatever happens short of
// SIGKILL. Between it and the container's terminal bytes go as they are.
//
// Source: termios(3), ioctl_tty(2).
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::cli {

// Puts a terminal into raw mode; the destructor puts it back. Moves never.
class RawMode {
 public:
  RawMode() = default;
  ~RawMode() { Restore(); }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

  absl::Status Set(int fd);
  void Restore();
  // Raw once more, after somebody else had changed it; nothing where it is not set.
  void Reassert();

 private:
  int fd_ = -1;
  termios before_ = {};
};

// Rows and columns of the terminal behind `out`, or else behind `in`; zeros if neither is one.
std::pair<unsigned short, unsigned short> TerminalSize(int out, int in);

// Carries bytes from `in` to the master and from it to `out`. Borrows the loop and its descriptors;
// `master` must be non-blocking. What is typed is held back while the container does not read it,
// in bounded memory.
class TerminalRelay {
 public:
  TerminalRelay(sys::EventLoop& loop, int in, int out, int master)
      : loop_(loop), in_(in), out_(out), master_(master) {}
  TerminalRelay(const TerminalRelay&) = delete;
  TerminalRelay& operator=(const TerminalRelay&) = delete;

  // `interactive`: what is typed goes in.
  absl::Status Start(bool interactive);
  // The size of our terminal becomes the container's.
  void Resize();
  // The rest of the output, after the program's end.
  void Drain();

 private:
  absl::Status Rewatch();
  void ReadInput();
  void ReadMaster();
  void Flush();

  sys::EventLoop& loop_;
  int in_, out_, master_;
  bool interactive_ = false, master_open_ = true;
  std::string pending_;  // typed, not yet taken by the container
};

}  // namespace pelagos::cli
