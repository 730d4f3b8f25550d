// One thread, one epoll(7), for thousands of descriptors whose handlers are objects of their own.
// Unlike sys/event_loop.h it may be edge-triggered, allocates nothing per change, and a handler may
// end itself or others while events for them are still on their way.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"

namespace pelagos::net {

class Poller {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void OnEvents(uint32_t events) = 0;  // EPOLLIN, EPOLLHUP, ...
  };

  static absl::StatusOr<Poller> Create() {
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.valid()) return ErrnoStatus(errno, "epoll_create1");
    return Poller(std::move(epoll));
  }

  // `handler` has to live as long as `fd` is open, and is given to Retire then.
  absl::Status Add(const Fd& fd, uint32_t events, Handler& handler) {
    return Control(EPOLL_CTL_ADD, fd, events, handler);
  }
  absl::Status Change(const Fd& fd, uint32_t events, Handler& handler) {
    return Control(EPOLL_CTL_MOD, fd, events, handler);
  }

  // Calls the handler once more, with no events, after the others had their turn.
  void Again(Handler& handler) { again_.push_back(&handler); }

  // Keeps an object until no event and no turn can be for it any more. Its descriptors are closed.
  void Retire(std::unique_ptr<Handler> handler) { retired_.push_back(std::move(handler)); }

  // Waits for events, and calls what belongs to them.
  absl::Status Step() {
    constexpr int kMost = 256;
    epoll_event events[kMost];
    const int count = ::epoll_wait(epoll_.get(), events, kMost, again_.empty() ? -1 : 0);
    if (count < 0 && errno != EINTR) return ErrnoStatus(errno, "epoll_wait");
    std::vector<Handler*> again = std::exchange(again_, {});
    for (int i = 0; i < count; ++i) {
      static_cast<Handler*>(events[i].data.ptr)->OnEvents(events[i].events);
    }
    for (Handler* handler : again) handler->OnEvents(0);
    // What was retired in this round may have asked for a turn in the next one before.
    retired_before_ = std::exchange(retired_, {});
    return absl::OkStatus();
  }

 private:
  explicit Poller(Fd epoll) : epoll_(std::move(epoll)) {}

  absl::Status Control(int operation, const Fd& fd, uint32_t events, Handler& handler) {
    epoll_event event = {};
    event.events = events;
    event.data.ptr = &handler;
    if (::epoll_ctl(epoll_.get(), operation, fd.get(), &event) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, "epoll_ctl");
  }

  Fd epoll_;
  std::vector<Handler*> again_;
  std::vector<std::unique_ptr<Handler>> retired_, retired_before_;
};

}  // namespace pelagos::net
