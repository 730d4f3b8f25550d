#include "pelagos/oci/console_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::oci {

absl::Status SendConsole(const std::string& path, const Fd& master) {
  const std::string object = absl::StrCat("console socket ", path);
  const sys::Result made = sys::Call(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!made.ok()) return ErrnoStatus(made.err, "socket");
  const Fd socket(static_cast<int>(made.value));
  // Its path may be longer than sockaddr_un is.
  PELAGOS_ASSIGN_OR_RETURN(const Fd there, sys::OpenFile(path, O_PATH), "console socket");
  const std::string by_fd = absl::StrCat("/proc/self/fd/", there.get());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, by_fd.data(), by_fd.size());
  const sys::Result connected =
      sys::Call(SYS_connect, socket.get(), &address, static_cast<socklen_t>(sizeof(address)));
  if (!connected.ok()) return ErrnoStatus(connected.err, "connect", object);

  char name[] = "/dev/ptmx";
  iovec data = {name, sizeof(name) - 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = master.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  const sys::Result sent = sys::Call(SYS_sendmsg, socket.get(), &message, MSG_NOSIGNAL);
  return sent.ok() ? absl::OkStatus() : ErrnoStatus(sent.err, "sendmsg", object);
}

}  // namespace pelagos::oci
