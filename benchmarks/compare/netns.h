// Network namespaces for benchmarks: traffic never leaves them.
#pragma once

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::benchmarks {

// The calling thread's.
inline absl::StatusOr<Fd> CurrentNetns() {
  return sys::OpenFile("/proc/thread-self/ns/net", O_RDONLY);
}

inline absl::Status Enter(const Fd& netns) {
  if (::setns(netns.get(), CLONE_NEWNET) != 0) return ErrnoStatus(errno, "setns");
  return absl::OkStatus();
}

// A new one with its loopback interface up. The thread stays where it is.
inline absl::StatusOr<Fd> NewNetns() {
  PELAGOS_ASSIGN_OR_RETURN(const Fd home, CurrentNetns());
  if (::unshare(CLONE_NEWNET) != 0) return ErrnoStatus(errno, "unshare");
  PELAGOS_ASSIGN_OR_RETURN(Fd fresh, CurrentNetns());
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket socket, sys::NetlinkSocket::Open(NETLINK_ROUTE));
  sys::MessageBatch up;
  sys::SetUp(up, 1, "lo");
  PELAGOS_RETURN_IF_ERROR(socket.Execute(up));
  PELAGOS_RETURN_IF_ERROR(Enter(home));
  return fresh;
}

}  // namespace pelagos::benchmarks
