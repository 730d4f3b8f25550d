#include "pelagos/oci/console_socket.h"

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/unix_socket.h"

namespace pelagos::oci {

absl::Status SendConsole(const std::string& path, const Fd& master) {
  const std::string object = absl::StrCat("console socket ", path);
  PELAGOS_ASSIGN_OR_RETURN(const Fd socket, sys::ConnectUnix(path), object);
  PELAGOS_RETURN_IF_ERROR(sys::SendWithDescriptor(socket, "/dev/ptmx", master.get()), object);
  return absl::OkStatus();
}

}  // namespace pelagos::oci
