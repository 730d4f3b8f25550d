// One thread, one epoll(7): descriptors, timers and signals of a process that waits for all of them
// at once. Monitors, supervisors and followers are built on it. As long as there are few of them
// poll(2) does, which needs nothing to be made.
//
// Not thread-safe: all calls come from the thread that runs it, callbacks included. A callback may
// watch, forget, add and cancel as it likes, also itself.
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"

namespace pelagos::sys {

class EventLoop {
 public:
  using OnEvents = std::function<void(uint32_t events)>;  // EPOLLIN, EPOLLHUP, ...
  using OnTimer = std::function<void()>;
  using TimerId = uint64_t;

  static absl::StatusOr<EventLoop> Create() { return EventLoop(); }

  // `fd` stays the caller's, who forgets it before closing it.
  absl::Status Watch(int fd, uint32_t events, OnEvents on_events) {
    const int operation = watched_.count(fd) != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_.valid()) {
      if (absl::Status status = Control(operation, fd, events); !status.ok()) return status;
    }
    watched_[fd] = {events, std::make_shared<OnEvents>(std::move(on_events))};
    return absl::OkStatus();
  }

  void Forget(int fd) {
    if (watched_.erase(fd) != 0 && epoll_.valid()) {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    }
  }

  TimerId AddTimer(absl::Duration after, OnTimer on_timer) {
    const TimerId id = ++last_timer_;
    timers_.emplace(std::make_pair(Now() + absl::ToInt64Nanoseconds(after), id),
                    std::move(on_timer));
    return id;
  }

  void CancelTimer(TimerId id) {
    for (auto it = timers_.begin(); it != timers_.end(); ++it) {
      if (it->first.second == id) {
        timers_.erase(it);
        return;
      }
    }
  }

  // Takes the signals out of the process's asynchronous delivery and hands them to `on_signal`.
  absl::Status WatchSignals(std::initializer_list<int> signals,
                            std::function<void(int)> on_signal) {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : signals) sigaddset(&set, signal);
    if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return ErrnoStatus(errno, "sigprocmask");
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_.valid()) return ErrnoStatus(errno, "signalfd");
    const int fd = signals_.get();
    return Watch(fd, EPOLLIN, [fd, on_signal = std::move(on_signal)](uint32_t) {
      signalfd_siginfo info;
      while (::read(fd, &info, sizeof(info)) == sizeof(info)) {
        on_signal(static_cast<int>(info.ssi_signo));
      }
    });
  }

  // Waits for the next events or timer, and calls what belongs to them.
  absl::Status Step() {
    epoll_event events[32];
    int timeout = -1;
    if (!timers_.empty()) {
      const int64_t left = timers_.begin()->first.first - Now();
      timeout = left <= 0 ? 0 : static_cast<int>(left / 1000000 + 1);
    }
    int count = 0;
    if (watched_.size() <= kFew && !epoll_.valid()) {
      count = Poll(events, timeout);
      if (count < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
    } else {
      if (absl::Status status = NeedEpoll(); !status.ok()) return status;
      count = ::epoll_wait(epoll_.get(), events, 32, timeout);
      if (count < 0 && errno != EINTR) return ErrnoStatus(errno, "epoll_wait");
    }
    for (int i = 0; i < count; ++i) {
      // An earlier callback of this round may have forgotten it.
      if (auto it = watched_.find(events[i].data.fd); it != watched_.end()) {
        const std::shared_ptr<OnEvents> on_events = it->second.on_events;
        (*on_events)(events[i].events);
      }
    }
    const int64_t now = Now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
      const OnTimer on_timer = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      on_timer();
    }
    return absl::OkStatus();
  }

  // Steps until `done` says so.
  absl::Status RunUntil(const std::function<bool()>& done) {
    while (!done()) {
      if (absl::Status status = Step(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kFew = 4;
  struct Watched {
    uint32_t events = 0;
    std::shared_ptr<OnEvents> on_events;
  };

  EventLoop() = default;

  absl::Status Control(int operation, int fd, uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, "epoll_ctl");
  }

  absl::Status NeedEpoll() {
    if (epoll_.valid()) return absl::OkStatus();
    epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_.valid()) return ErrnoStatus(errno, "epoll_create1");
    for (const auto& [fd, watched] : watched_) {
      if (absl::Status status = Control(EPOLL_CTL_ADD, fd, watched.events); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  // poll(2), whose events have the numbers of epoll's.
  int Poll(epoll_event* events, int timeout) {
    static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLPRI == EPOLLPRI &&
                  POLLERR == EPOLLERR && POLLHUP == EPOLLHUP);
    pollfd fds[kFew];
    nfds_t count = 0;
    for (const auto& [fd, watched] : watched_) {
      fds[count++] = {fd, static_cast<short>(watched.events), 0};
    }
    if (const int ready = ::poll(fds, count, timeout); ready <= 0) return ready;
    int found = 0;
    for (nfds_t i = 0; i < count; ++i) {
      if (fds[i].revents == 0) continue;
      events[found].events = static_cast<uint32_t>(static_cast<unsigned short>(fds[i].revents));
      events[found++].data.fd = fds[i].fd;
    }
    return found;
  }

  static int64_t Now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
  }

  Fd epoll_;
  Fd signals_;
  std::map<int, Watched> watched_;
  std::map<std::pair<int64_t, TimerId>, OnTimer> timers_;
  TimerId last_timer_ = 0;
};

}  // namespace pelagos::sys
