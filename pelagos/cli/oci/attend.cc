#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/oci/command.h"
#include "pelagos/cli/terminal.h"
#include "pelagos/launch/wait.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::cli {

absl::StatusOr<int> Attend(oci::Running& running, oci::NotifyProxy* notify) {
  PELAGOS_ASSIGN_OR_RETURN(sys::EventLoop loop, sys::EventLoop::Create());
  std::optional<TerminalRelay> relay;
  PELAGOS_RETURN_IF_ERROR(loop.WatchSignals(
      {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH}, [&](int signal) {
        if (signal == SIGWINCH && relay) return relay->Resize();
        // A process that has just ended needs no signal.
        sys::Signal(running.pidfd, signal).IgnoreError();
      }));
  RawMode raw;
  if (running.terminal.valid()) {
    const int master = running.terminal.get();
    if (::fcntl(master, F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "fcntl");
    if (::isatty(STDIN_FILENO) == 1) PELAGOS_RETURN_IF_ERROR(raw.Set(STDIN_FILENO));
    relay.emplace(loop, STDIN_FILENO, STDOUT_FILENO, master);
    PELAGOS_RETURN_IF_ERROR(relay->Start(/*interactive=*/true));
    relay->Resize();
  }
  bool ended = false;
  PELAGOS_RETURN_IF_ERROR(
      loop.Watch(running.pidfd.get(), EPOLLIN, [&](uint32_t) { ended = true; }));
  absl::Status told;
  if (notify != nullptr) {
    // The manager looks after us, who end with the container.
    PELAGOS_RETURN_IF_ERROR(loop.Watch(notify->fd(), EPOLLIN, [&](uint32_t) {
      if (const absl::StatusOr<bool> taken = notify->Take(0); !taken.ok()) told = taken.status();
    }));
  }
  PELAGOS_RETURN_IF_ERROR(loop.RunUntil([&] { return ended; }));
  if (relay) relay->Drain();
  raw.Restore();
  PELAGOS_ASSIGN_OR_RETURN(const launch::ExitStatus status, launch::WaitForExit(running.pidfd));
  PELAGOS_RETURN_IF_ERROR(told);
  return status.code();
}

}  // namespace pelagos::cli
