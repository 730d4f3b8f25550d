#include "pelagos/launch/waiting.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <variant>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/channel.h"
#include "pelagos/launch/failure.h"
#include "pelagos/launch/listener.h"
#include "pelagos/sys/file.h"

namespace pelagos::launch {
namespace {

// A path of any length in a sockaddr_un: by a descriptor of its folder.
struct Address {
  Fd folder;
  sockaddr_un address = {};
};

absl::StatusOr<Address> AddressOf(const std::string& path) {
  Address made;
  PELAGOS_ASSIGN_OR_RETURN(made.folder, sys::OpenFile(sys::FolderOf(path), O_PATH | O_DIRECTORY));
  const std::string text =
      absl::StrCat("/proc/self/fd/", made.folder.get(), path.substr(path.rfind('/')));
  if (text.size() >= sizeof(made.address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is too long"));
  }
  made.address.sun_family = AF_UNIX;
  std::memcpy(made.address.sun_path, text.data(), text.size());
  return made;
}

absl::StatusOr<Fd> Socket() {
  const sys::Result made = sys::Call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (!made.ok()) return ErrnoStatus(made.err, "socket");
  return Fd(static_cast<int>(made.value));
}

absl::Status TakeListener(const LaunchPlan& plan, const ChildReport& report, pid_t pid,
                          const Fd& pidfd, const Fd& channel) {
  const auto* op = report.index < plan.ops.size()
                       ? std::get_if<InstallSeccomp>(&plan.ops[report.index])
                       : nullptr;
  if (op == nullptr) return absl::InternalError("a listener of no filter");
  PELAGOS_RETURN_IF_ERROR(HandOverListener(plan, *op, pid, pidfd, report.error));
  return Go(channel);
}

}  // namespace

absl::StatusOr<Fd> ListenForStart(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd socket, Socket());
  PELAGOS_ASSIGN_OR_RETURN(const Address at, AddressOf(path));
  const sys::Result bound = sys::Call(SYS_bind, socket.get(), &at.address, sizeof(at.address));
  if (!bound.ok()) return ErrnoStatus(bound.err, "bind", path);
  constexpr int kBacklog = 16;
  const sys::Result listening = sys::Call(SYS_listen, socket.get(), kBacklog);
  if (!listening.ok()) return ErrnoStatus(listening.err, "listen", path);
  // Above the standard streams, for the child.
  const sys::Result moved = sys::Call(SYS_fcntl, socket.get(), F_DUPFD_CLOEXEC, 3);
  if (!moved.ok()) return ErrnoStatus(moved.err, "fcntl");
  return Fd(static_cast<int>(moved.value));
}

absl::Status Resume(const std::string& path, pid_t pid, const Fd& pidfd,
                    const std::function<absl::StatusOr<LaunchPlan>()>& plan) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd channel, Socket());
  PELAGOS_ASSIGN_OR_RETURN(const Address at, AddressOf(path));
  const sys::Result connected =
      sys::Call(SYS_connect, channel.get(), &at.address, sizeof(at.address));
  if (connected.err == ECONNREFUSED || connected.err == ENOENT) {
    return absl::NotFoundError(absl::StrCat("nobody waits at '", path, "'"));
  }
  if (!connected.ok()) return ErrnoStatus(connected.err, "connect", path);
  PELAGOS_RETURN_IF_ERROR(Go(channel));
  bool executing = false;
  Fd none;
  for (;;) {
    ChildReport report;
    const sys::Result got = Receive(channel, report, none);
    if (got.err == ECONNRESET) continue;  // what was written comes after (unix(7))
    if (!got.ok()) return ErrnoStatus(got.err, "read");
    if (got.value != sizeof(report)) break;
    if (report.kind == ReportKind::kExecuting) executing = true;
    if (report.kind == ReportKind::kFailed) {
      PELAGOS_ASSIGN_OR_RETURN(const LaunchPlan made, plan());
      return WordFailure(made, report);
    }
    if (report.kind == ReportKind::kListener) {
      PELAGOS_ASSIGN_OR_RETURN(const LaunchPlan made, plan());
      PELAGOS_RETURN_IF_ERROR(TakeListener(made, report, pid, pidfd, channel));
    }
  }
  if (executing) return absl::OkStatus();
  return absl::AbortedError("the container's first process ended before its program ran");
}

}  // namespace pelagos::launch
