// A unix socket of somebody else's, to whom a descriptor is handed.
//
// Source: unix(7), SCM_RIGHTS.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

// Close-on-exec. A path may be longer than sockaddr_un is. `type` is SOCK_STREAM or
// SOCK_SEQPACKET.
inline absl::StatusOr<Fd> ConnectUnix(const std::string& path, int type = SOCK_STREAM) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd there, OpenFile(path, O_PATH));
  const std::string by_fd = absl::StrCat("/proc/self/fd/", there.get());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, by_fd.data(), by_fd.size());
  const Result made = Call(SYS_socket, AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (!made.ok()) return ErrnoStatus(made.err, "socket");
  Fd socket(static_cast<int>(made.value));
  const Result connected =
      Call(SYS_connect, socket.get(), &address, static_cast<socklen_t>(sizeof(address)));
  if (!connected.ok()) return ErrnoStatus(connected.err, "connect", path);
  return socket;
}

// All of `text`, which must not be empty; the descriptor travels with its first byte.
inline absl::Status SendWithDescriptor(const Fd& socket, absl::string_view text, int fd) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part = {const_cast<char*>(text.data()), text.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  while (part.iov_len > 0) {
    const Result sent = Call(SYS_sendmsg, socket.get(), &message, MSG_NOSIGNAL);
    if (!sent.ok()) return ErrnoStatus(sent.err, "sendmsg");
    part.iov_base = static_cast<char*>(part.iov_base) + sent.value;
    part.iov_len -= static_cast<size_t>(sent.value);
    message.msg_control = nullptr;
    message.msg_controllen = 0;
  }
  return absl::OkStatus();
}

}  // namespace pelagos::sys
