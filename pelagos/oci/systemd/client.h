// systemd as Pelagos asks it: through pelagos-systemd, which is started for it and ends with this
// object. Nothing waits without an end.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/systemd/messages.h"
#include "pelagos/oci/systemd/unit.h"

namespace pelagos::oci {

class SystemdClient {
 public:
  // Unavailable: there is none, with what to do; NotFound: our program is not there.
  static absl::StatusOr<SystemdClient> Open(bool user);
  SystemdClient(SystemdClient&& other) noexcept = default;
  SystemdClient& operator=(SystemdClient&&) = delete;
  ~SystemdClient();

  absl::StatusOr<ServiceManager> Look();
  // The new unit's cgroup below the hierarchy's root. AlreadyExists: the unit is somebody else's.
  absl::StatusOr<std::string> Start(const std::string& unit, UnitProperties properties,
                                    std::vector<uint32_t> pids);
  absl::Status Set(const std::string& unit, UnitProperties properties);
  absl::Status Attach(const std::string& unit, const std::string& below, pid_t pid);
  absl::Status Stop(const std::string& unit);

 private:
  SystemdClient(bool user, Fd program, Fd socket)
      : user_(user), program_(std::move(program)), socket_(std::move(socket)) {}
  absl::StatusOr<SystemdReply> Ask(SystemdRequest request);
  absl::Status Ended();

  bool user_;
  Fd program_;  // a pidfd, of a child that nobody else waits for
  Fd socket_;
};

}  // namespace pelagos::oci
