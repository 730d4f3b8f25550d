// What a container tells a service manager of its start (sd_notify(3)), passed on as runc does: the
// container has a socket of its own, and the manager is told the container's process for the one to
// look after.
//
//   service manager              runtime                       container
//     $NOTIFY_SOCKET  <-- READY=1, MAINPID=N --  notify.sock  <-- READY=1 --
//     /run/notify/notify.sock
//
// Source: sd_notify(3), systemd.service(5) ("NotifyAccess="); runc's notify_socket.go for the
// paths.
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/config.h"

namespace pelagos::oci {

// The folder of the container's socket, in that of its record.
std::string NotifyFolder(const std::string& record_folder);

// Gives the container its socket: a bind mount of `folder`, and NOTIFY_SOCKET.
void AddNotifySocket(const std::string& folder, Config& config);

class NotifyProxy {
 public:
  // Listens in `folder`, a container's; before its program runs. `host` is the manager's
  // NOTIFY_SOCKET: a path, or "@" and an abstract name.
  static absl::StatusOr<NotifyProxy> Listen(const std::string& folder, const std::string& host);

  int fd() const { return socket_.get(); }

  // Takes one message. True: it said READY=, and the manager knows, with `main_pid` as the process
  // to look after, unless that is 0.
  absl::StatusOr<bool> Take(pid_t main_pid);

  // Takes messages until one said READY=, or the process has ended.
  absl::Status Forward(const Fd& pidfd, pid_t main_pid);

 private:
  absl::Status Tell(const std::string& text) const;
  // Until the manager has read all that it was told: it may ask who sent it (sd_notify_barrier(3)).
  absl::Status AwaitManager() const;

  Fd socket_, host_;
};

}  // namespace pelagos::oci
