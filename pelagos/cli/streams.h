// The standard streams of a container in the foreground that has no terminal: what it gets of ours.
//
//   ours            the container's
//   file, pipe ---- the same descriptor: nothing is copied
//   a terminal ---- a pipe, and we carry: whoever has a terminal's descriptor can read from it, set
//                   its modes and open it anew, whichever stream it is
//
// Standard input is the container's only if that was asked for, else it is /dev/null.
//
// Source: docker-run(1), pipe(7), epoll(7).
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/container/engine.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::cli {

// Neither copies nor moves once opened.
class StreamRelay {
 public:
  // Of our descriptors 0, 1, 2.
  static absl::StatusOr<std::unique_ptr<StreamRelay>> Open(bool interactive);
  StreamRelay(const StreamRelay&) = delete;
  StreamRelay& operator=(const StreamRelay&) = delete;

  // What the container gets.
  const container::Streams& streams() const { return streams_; }

  // Begins to carry; from here on the container's ends are its alone. Borrows the loop.
  absl::Status Start(sys::EventLoop& loop);
  // The rest of the output, after the program's end.
  void Drain();

 private:
  struct Output {
    Fd ours, containers;
    int to = -1;
  };

  StreamRelay() = default;
  absl::Status RelayInput();
  absl::Status RelayOutput(Output& output, int to);
  absl::Status WatchInput();
  void ReadInput();
  void FlushInput();
  void CloseInput();
  void ReadOutput(Output& output);

  sys::EventLoop* loop_ = nullptr;
  container::Streams streams_;
  Fd input_, containers_input_;
  bool input_open_ = false;  // nobody has typed an end yet
  std::string pending_;      // typed, not yet taken by the container
  Output out_, err_;
};

}  // namespace pelagos::cli
