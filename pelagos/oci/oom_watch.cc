#include "pelagos/oci/oom_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::oci {
namespace {

absl::StatusOr<uint64_t> Kills(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(path, 4096));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    uint64_t count = 0;
    if (absl::ConsumePrefix(&line, "oom_kill ") && absl::SimpleAtoi(line, &count)) return count;
  }
  return 0;
}

}  // namespace

absl::StatusOr<OomWatch> OomWatch::Open(const CgroupFolders& folders,
                                        const sys::ProcessIdentity& process) {
  OomWatch watch;
  if (auto pidfd = sys::OpenPidfd(process); pidfd.ok()) watch.pidfd_ = *std::move(pidfd);
  const auto v1 = folders.v1.find("memory");
  if (v1 != folders.v1.end()) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd control,
                             sys::OpenFile(v1->second + "/memory.oom_control", O_RDONLY));
    watch.events_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!watch.events_.valid()) return ErrnoStatus(errno, "eventfd");
    PELAGOS_RETURN_IF_ERROR(
        sys::WriteKernelFile(v1->second + "/cgroup.event_control",
                             absl::StrCat(watch.events_.get(), " ", control.get())));
  } else if (!folders.v2.empty() && folders.v2_controllers.count("memory") != 0) {
    watch.counts_ = folders.v2 + "/memory.events";
    watch.events_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch.events_.valid()) return ErrnoStatus(errno, "inotify_init1");
    if (::inotify_add_watch(watch.events_.get(), watch.counts_.c_str(), IN_MODIFY) < 0) {
      return ErrnoStatus(errno, "inotify_add_watch", watch.counts_);
    }
    PELAGOS_ASSIGN_OR_RETURN(watch.kills_, Kills(watch.counts_));
  }
  return watch;
}

absl::StatusOr<bool> OomWatch::Counted() {
  char buffer[4096];
  if (::read(events_.get(), buffer, sizeof(buffer)) < 0) {
    if (errno == EAGAIN || errno == EINTR) return false;
    return ErrnoStatus(errno, "read", "events of memory");
  }
  if (counts_.empty()) return true;
  const uint64_t before = kills_;
  PELAGOS_ASSIGN_OR_RETURN(kills_, Kills(counts_));
  return kills_ > before;
}

absl::StatusOr<Happened> OomWatch::Await(absl::Duration duration) {
  const absl::Time deadline = absl::Now() + duration;
  for (;;) {
    if (!pidfd_.valid()) return Happened::kEnd;
    pollfd fds[] = {{pidfd_.get(), POLLIN, 0}, {events_.valid() ? events_.get() : -1, POLLIN, 0}};
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    const int ready = ::poll(fds, 2, static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30)));
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
    if (ready == 0) return Happened::kNothing;
    if (ready < 0) continue;
    if ((fds[1].revents & POLLIN) != 0) {
      const absl::StatusOr<bool> more = Counted();
      // The cgroup goes with its container.
      if (more.ok() && *more && (fds[0].revents & POLLIN) == 0) return Happened::kOutOfMemory;
      if (!more.ok()) events_.reset();
    }
    if ((fds[0].revents & POLLIN) != 0) return Happened::kEnd;
  }
}

}  // namespace pelagos::oci
