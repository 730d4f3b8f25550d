#include "pelagos/oci/console_socket.h"

#include "absl/strings/string_view.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/unix_socket.h"

namespace pelagos::oci {

namespace {

absl::Status Send(absl::string_view what, const std::string& path, const char* name, const Fd& fd) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd socket, sys::ConnectUnix(path), what, " socket ", path);
  PELAGOS_RETURN_IF_ERROR(sys::SendWithDescriptor(socket, name, fd.get()), what, " socket ", path);
  return absl::OkStatus();
}

}  // namespace

absl::Status SendConsole(const std::string& path, const Fd& master) {
  return Send("console", path, "/dev/ptmx", master);
}

absl::Status SendPidfd(const std::string& path, const Fd& pidfd) {
  return Send("pidfd", path, "pidfd", pidfd);
}

}  // namespace pelagos::oci
