// The streams of a container that has a monitor: pipes, or its terminal; to the log and to those
// who are attached, and from those to the program.
//
// Owned by the monitor, one for each start. Not thread-safe; borrows loop and log.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/container/attachments.h"
#include "pelagos/container/engine.h"
#include "pelagos/store/log.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::container {

class KeptStreams {
 public:
  // `log` may be null: nothing is kept then.
  KeptStreams(sys::EventLoop& loop, store::LogWriter* log, Attachments& attached)
      : loop_(loop), log_(log), attached_(attached) {}
  ~KeptStreams() { Close(); }
  KeptStreams(const KeptStreams&) = delete;
  KeptStreams& operator=(const KeptStreams&) = delete;

  // The container's ends, for its start; with `terminal` there are none, it opens its own.
  absl::Status Make(bool terminal, bool open_stdin);
  Streams containers() const {
    return {.in = in_end_.get(), .out = out_end_.get(), .err = err_end_.get()};
  }
  // It runs: its ends are its alone. `terminal` is the master, if it has one.
  absl::Status Begin(Fd terminal);

  // False: kept, until the program takes it.
  bool Input(absl::string_view bytes);
  void InputEnd();
  void Resize(uint16_t rows, uint16_t columns);
  // Who is attached takes again.
  void Resume();

  // After its end: what lies in the pipes.
  void Drain();
  void Close();

 private:
  struct Source {
    Fd fd;
    char kind;
    store::Stream stream;
  };

  void Watch(Source& source);
  bool ReadSome(Source& source, bool* empty = nullptr);
  void Forget(Source& source);
  void Flush();

  sys::EventLoop& loop_;
  store::LogWriter* log_;
  Attachments& attached_;
  Fd in_end_, out_end_, err_end_;  // the container's
  Fd input_;                       // ours; of a terminal it is sources_[0]
  std::array<Source, 2> sources_ = {};
  bool terminal_ = false, paused_ = false, ends_ = false;
  std::string pending_;  // input, not yet taken
  bool kept_ = false;    // some of it was kept for later, and who sent it waits to hear
};

}  // namespace pelagos::container
