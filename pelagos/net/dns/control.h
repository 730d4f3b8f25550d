// What pelagos-dns and those who start it agree on: the names of its files, its answers, and the
// address of its socket.
//
// Source: unix(7). A socket's address holds 107 bytes and the run root's path may be longer, so the
// folder is opened and the socket is reached as /proc/self/fd/N/control.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {

inline constexpr absl::string_view kControl = "control";
inline constexpr absl::string_view kDaemonLock = "daemon.lock";
inline constexpr absl::string_view kControlOk = "ok\n";

// Good as long as it lives.
class ControlAddress {
 public:
  static absl::StatusOr<ControlAddress> In(const std::string& folder) {
    PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::OpenFile(folder, O_PATH | O_DIRECTORY));
    return ControlAddress(std::move(fd));
  }

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof(address_); }

 private:
  explicit ControlAddress(Fd folder) : folder_(std::move(folder)) {
    address_.sun_family = AF_UNIX;
    const std::string path = absl::StrCat("/proc/self/fd/", folder_.get(), "/", kControl);
    std::memcpy(address_.sun_path, path.data(), path.size());  // 30 bytes at most, and NULs
  }

  Fd folder_;
  sockaddr_un address_{};
};

}  // namespace pelagos::net
