// What parent and child say to each other: reports with a descriptor, and one byte to go on.
//
// Source: unix(7), SCM_RIGHTS. child_plan.h has the protocol.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {

// One report, and the descriptor that came with it.
// As recvmsg(2): 0 at the end of file. `descriptor` changes only if one came.
inline sys::Result Receive(const Fd& channel, ChildReport& report, Fd& descriptor) {
  iovec data = {&report, sizeof(report)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const sys::Result got = sys::Call(SYS_recvmsg, channel.get(), &message, MSG_CMSG_CLOEXEC);
  if (!got.ok()) return got;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    descriptor = Fd(fd);
  }
  return got;
}

// Lets the child go on where it waits for its parent.
inline absl::Status Go(const Fd& channel) {
  const char go = 'g';
  const sys::Result sent =
      sys::Call(SYS_sendto, channel.get(), &go, sizeof(go), MSG_NOSIGNAL, nullptr, 0);
  // EPIPE, ECONNRESET: the child is gone, its report may still be there.
  if (sent.ok() || sent.err == EPIPE || sent.err == ECONNRESET) return absl::OkStatus();
  return ErrnoStatus(sent.err, "send");
}

}  // namespace pelagos::launch
