// One report of the child, and the descriptor that came with it.
//
// Source: unix(7), SCM_RIGHTS. child_plan.h has the protocol.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstring>

#include "pelagos/base/fd.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {

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

}  // namespace pelagos::launch
