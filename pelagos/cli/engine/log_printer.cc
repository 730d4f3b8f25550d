#include "pelagos/cli/engine/log_printer.h"

#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/change_watch.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/raw.h"

namespace pelagos::cli {
namespace {

constexpr size_t kMostBuffered = 64 * 1024;

}  // namespace

absl::Status LogPrinter::Flush() {
  absl::string_view rest = buffer_;
  while (!rest.empty()) {
    const sys::Result written = sys::Call(SYS_write, to_, rest.data(), rest.size());
    if (written.ok()) {
      rest.remove_prefix(static_cast<size_t>(written.value));
    } else if (written.err == EAGAIN) {  // whoever shares our output made it so
      pollfd wait = {to_, POLLOUT, 0};
      (void)::poll(&wait, 1, -1);
    } else {
      return ErrnoStatus(written.err, "write", "our output");
    }
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status LogPrinter::PrintNew() {
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<store::LogRecord> records, reader_.Next());
    if (records.empty()) return Flush();
    for (const store::LogRecord& record : records) {
      const int stream = static_cast<int>(record.stream);
      if (fds_[stream] != to_ || buffer_.size() > kMostBuffered) {
        PELAGOS_RETURN_IF_ERROR(Flush());
        to_ = fds_[stream];
      }
      if (timestamps_ && !inside_[stream]) absl::StrAppend(&buffer_, record.time, " ");
      if (details_ && !inside_[stream]) absl::StrAppend(&buffer_, " ");
      absl::StrAppend(&buffer_, record.text, record.full ? "\n" : "");
      inside_[stream] = !record.full;
    }
  }
}

absl::Status Follow(LogPrinter& printer, const Followed& followed) {
  PELAGOS_ASSIGN_OR_RETURN(sys::EventLoop loop, sys::EventLoop::Create());
  PELAGOS_ASSIGN_OR_RETURN(sys::ChangeWatch changes, sys::ChangeWatch::Create());
  const auto watch_folders = [&] {
    for (const std::string& folder : followed.folders) {
      // One that is gone has said all it had to say.
      changes.Add(folder, sys::kFolderChanges).IgnoreError();
    }
  };
  std::vector<Fd> pidfds;
  bool late = false;
  for (const sys::ProcessIdentity& process : followed.processes) {
    absl::StatusOr<Fd> pidfd = sys::OpenPidfd(process);
    if (!pidfd.ok()) continue;  // gone already: `ended` sees it
    const int fd = pidfd->get();
    PELAGOS_RETURN_IF_ERROR(loop.Watch(fd, EPOLLIN, [&loop, fd](uint32_t) { loop.Forget(fd); }));
    pidfds.push_back(*std::move(pidfd));
  }
  if (followed.until != absl::InfiniteFuture()) {
    const absl::Duration left = followed.until - absl::Now();
    loop.AddTimer(std::max(left, absl::ZeroDuration()), [&late] { late = true; });
  }
  PELAGOS_RETURN_IF_ERROR(loop.Watch(changes.fd().get(), EPOLLIN, [&](uint32_t) {
    changes.Clear();
    watch_folders();
  }));
  watch_folders();
  for (;;) {
    // Asked before the look, so that the look is the last that is needed.
    const bool last = late || followed.ended();
    PELAGOS_RETURN_IF_ERROR(printer.PrintNew());
    if (last) return absl::OkStatus();
    PELAGOS_RETURN_IF_ERROR(loop.Step());
  }
}

}  // namespace pelagos::cli
