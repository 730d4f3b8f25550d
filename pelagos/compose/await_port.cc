#include "pelagos/compose/await_port.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "absl/time/clock.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/compose/host_name.h"

namespace pelagos::compose {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(250);
constexpr absl::Duration kPatience = absl::Milliseconds(250);  // for one connection

bool Accepts(const HostAddress& server) {
  const Fd fd(::socket(server.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return false;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&server.address), server.size) == 0) {
    return true;
  }
  if (errno != EINPROGRESS) return false;
  const absl::Time end = absl::Now() + kPatience;
  for (;;) {
    const int64_t left = std::max<int64_t>(0, absl::ToInt64Milliseconds(end - absl::Now()));
    pollfd waiting = {fd.get(), POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    int error = 0;
    socklen_t size = sizeof(error);
    return ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
}

}  // namespace

absl::StatusOr<bool> AwaitPort(const std::string& host, uint16_t port, absl::Duration timeout,
                               absl::FunctionRef<void(absl::Duration)> pause) {
  const absl::Time end = absl::Now() + timeout;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<HostAddress> addresses, ResolveHost(host));
  for (;;) {
    for (const HostAddress& address : addresses) {
      if (Accepts(address.With(port))) return true;
    }
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    pause(std::min(left, kPause));
  }
}

}  // namespace pelagos::compose
