// Those who are attached to a container, as its monitor sees them: see attach_protocol.h.
//
// What one does not take at once is kept for him, and blocked() says that no more should be read of
// the container until he does. Not thread-safe; borrows its loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::container {

// To the monitor of a container that runs. NOT_FOUND (ENOENT, ECONNREFUSED) if there is none.
absl::StatusOr<Fd> ConnectAttached(const store::Roots& roots, const std::string& id);

class Attachments {
 public:
  struct Handlers {
    // False: it was kept for later; `Went` is to be called when it is through.
    std::function<bool(absl::string_view bytes)> input;
    std::function<void()> input_end;
    std::function<void(uint16_t rows, uint16_t columns)> window;
    std::function<void(int signal)> signal;
    std::function<void()> unblocked;  // of all: nothing is kept for anybody any more
  };

  Attachments(sys::EventLoop& loop, Handlers handlers)
      : loop_(loop), handlers_(std::move(handlers)) {}
  ~Attachments();
  Attachments(const Attachments&) = delete;
  Attachments& operator=(const Attachments&) = delete;

  // Listens at kAttachSocket in `folder`; an old socket there is replaced.
  absl::Status Listen(const std::string& folder);
  // No more, and the socket's file goes.
  void StopListening();
  // One who is attached from the beginning.
  absl::Status Add(Fd client);

  // To all who want output. `kind` is kAttachStdout or kAttachStderr.
  void Send(char kind, absl::string_view bytes);
  bool blocked() const { return waiting_ > 0; }
  // The input that was kept is through.
  void Went();
  // The last message for all; they go when they have it.
  void Finish(int code);
  bool empty() const { return clients_.empty(); }

 private:
  struct Client {
    Fd fd;
    std::deque<std::string> pending;
    int ahead = 0;       // of its input, not acknowledged
    bool waits = false;  // its socket is full; the rest is pending
    bool quiet = false, last = false;
  };
  using Position = std::list<Client>::iterator;

  void Accept();
  void Watch(Position client);
  void Read(Position client);
  bool Take(Position client, absl::string_view packet);
  void Post(Position client, std::string packet);
  void Flush(Position client);
  void Drop(Position client);

  sys::EventLoop& loop_;
  Handlers handlers_;
  std::string folder_;
  Fd listener_;
  std::list<Client> clients_;
  int waiting_ = 0;  // clients that wait
};

}  // namespace pelagos::container
