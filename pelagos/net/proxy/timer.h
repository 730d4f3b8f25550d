// A timer in a Poller.
//
// Source: timerfd_create(2).
#pragma once

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/proxy/poller.h"

namespace pelagos::net {

class Timer : Poller::Handler {
 public:
  Timer(Poller& poller, std::function<void()> on_time)
      : poller_(poller), on_time_(std::move(on_time)) {}

  // To be called once, first.
  absl::Status Prepare() {
    fd_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!fd_.valid()) return ErrnoStatus(errno, "timerfd_create");
    return poller_.Add(fd_, EPOLLIN, *this);
  }

  // Calls `on_time` once, after that time, at least a nanosecond; instead of an earlier order.
  void Arm(absl::Duration after) {
    itimerspec time = {};
    time.it_value = absl::ToTimespec(std::max(after, absl::Nanoseconds(1)));
    // Of valid arguments: it cannot fail.
    (void)::timerfd_settime(fd_.get(), 0, &time, nullptr);
  }

 private:
  void OnEvents(uint32_t) override {
    uint64_t times = 0;
    if (::read(fd_.get(), &times, sizeof(times)) == sizeof(times)) on_time_();
  }

  Poller& poller_;
  std::function<void()> on_time_;
  Fd fd_;
};

}  // namespace pelagos::net
