#include "pelagos/oci/notify_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/await_events.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"
#include "pelagos/sys/unix_socket.h"

namespace pelagos::oci {
namespace {

constexpr char kFolderInside[] = "/run/notify";
constexpr char kName[] = "/notify.sock";

struct Address {
  sockaddr_un name = {};
  socklen_t size = 0;
};

absl::StatusOr<Address> AddressOf(const std::string& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.name.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is no address of a socket"));
  }
  std::memcpy(address.name.sun_path, path.data(), path.size());
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // unix(7): an abstract name begins with NUL and counts as far as it goes; a path ends with one.
  if (path[0] == '@') {
    address.name.sun_path[0] = '\0';
  } else {
    ++address.size;
  }
  return address;
}

absl::StatusOr<Fd> Socket() {
  const sys::Result made = sys::Call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (!made.ok()) return ErrnoStatus(made.err, "socket");
  return Fd(static_cast<int>(made.value));
}

}  // namespace

std::string NotifyFolder(const std::string& record_folder) { return record_folder + "/notify"; }

void AddNotifySocket(const std::string& folder, Config& config) {
  Mount mount;
  mount.destination = kFolderInside;
  mount.type = "bind";
  mount.source = folder;
  mount.options = {"bind", "nosuid", "noexec", "nodev", "ro"};
  config.mounts.push_back(std::move(mount));
  if (!config.process) return;
  config.process->env.push_back(absl::StrCat("NOTIFY_SOCKET=", kFolderInside, kName));
}

absl::StatusOr<NotifyProxy> NotifyProxy::Listen(const std::string& folder,
                                                const std::string& host) {
  NotifyProxy proxy;
  PELAGOS_ASSIGN_OR_RETURN(proxy.host_, Socket());
  PELAGOS_ASSIGN_OR_RETURN(const Address there, AddressOf(host));
  const sys::Result connected = sys::Call(SYS_connect, proxy.host_.get(), &there.name, there.size);
  if (!connected.ok()) return ErrnoStatus(connected.err, "connect", host);

  // By a descriptor of its folder: a path may be longer than sockaddr_un is.
  PELAGOS_ASSIGN_OR_RETURN(const Fd opened, sys::OpenFile(folder, O_PATH | O_DIRECTORY));
  PELAGOS_ASSIGN_OR_RETURN(const Address here,
                           AddressOf(absl::StrCat("/proc/self/fd/", opened.get(), kName)));
  PELAGOS_ASSIGN_OR_RETURN(proxy.socket_, Socket());
  const sys::Result bound = sys::Call(SYS_bind, proxy.socket_.get(), &here.name, here.size);
  if (!bound.ok()) return ErrnoStatus(bound.err, "bind", folder + kName);
  // Whoever the container's process is.
  if (::chmod(here.name.sun_path, 0777) != 0) return ErrnoStatus(errno, "chmod", folder + kName);
  return proxy;
}

absl::StatusOr<bool> NotifyProxy::Take(pid_t main_pid) {
  char buffer[4096];
  const sys::Result got = sys::Call(SYS_recvfrom, socket_.get(), static_cast<char*>(buffer),
                                    sizeof(buffer), MSG_DONTWAIT, nullptr, nullptr);
  if (got.err == EAGAIN) return false;
  if (!got.ok()) return ErrnoStatus(got.err, "recvfrom");
  const absl::string_view text(buffer, static_cast<size_t>(got.value));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, "READY=")) continue;
    PELAGOS_RETURN_IF_ERROR(Tell(absl::StrCat(line, "\n")));
    if (main_pid == 0) return true;
    PELAGOS_RETURN_IF_ERROR(Tell(absl::StrCat("MAINPID=", main_pid, "\n")));
    PELAGOS_RETURN_IF_ERROR(AwaitManager());
    return true;
  }
  return false;
}

absl::Status NotifyProxy::Forward(const Fd& pidfd, pid_t main_pid) {
  for (;;) {
    pollfd fds[] = {{socket_.get(), POLLIN, 0}, {pidfd.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "poll");
    }
    if ((fds[0].revents & POLLIN) != 0) {
      PELAGOS_ASSIGN_OR_RETURN(const bool is_ready, Take(main_pid));
      if (is_ready) return absl::OkStatus();
    } else if (fds[1].revents != 0) {
      return absl::OkStatus();
    }
  }
}

absl::Status NotifyProxy::Tell(const std::string& text) const {
  const sys::Result sent =
      sys::Call(SYS_sendto, host_.get(), text.data(), text.size(), MSG_NOSIGNAL, nullptr, 0);
  return sent.ok() ? absl::OkStatus() : ErrnoStatus(sent.err, "NOTIFY_SOCKET");
}

absl::Status NotifyProxy::AwaitManager() const {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  PELAGOS_RETURN_IF_ERROR(sys::SendWithDescriptor(host_, "BARRIER=1", theirs.get()));
  theirs.reset();
  constexpr int kPatience = 30'000;
  return sys::AwaitEvents(ours, 0, kPatience, "NOTIFY_SOCKET: nobody reads what it is told");
}

}  // namespace pelagos::oci
