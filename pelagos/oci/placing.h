// A container's cgroup by systemd: what is asked of it in the course of the container's life.
//
// The process exists before its unit does, as systemd wants it: it waits in the launcher's cgroup
// until it is moved (LaunchIo::place), and begins then.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/oci/bundle_facts.h"
#include "pelagos/oci/config.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/record.h"
#include "pelagos/oci/systemd/client.h"

namespace pelagos::oci {

class Placing {
 public:
  // Finds the service manager of the caller, and tells `facts` of it. Unavailable says what to do.
  static absl::StatusOr<Placing> Open(BundleFacts& facts);

  // Starts the unit with the process in it. AlreadyExists: the unit is another's.
  absl::Status Place(const NewUnit& unit, const CgroupFolders& folders, pid_t pid);

 private:
  explicit Placing(SystemdClient client) : client_(std::move(client)) {}
  SystemdClient client_;
};

// The service manager that Open would ask, without asking: for plans that are shown.
ServiceManager UsualServiceManager();

// Of a container that has a unit. Each starts its own SystemdClient.
absl::Status AttachToUnit(const Record& record, const std::string& cgroup, pid_t pid);
absl::Status UpdateUnit(const Record& record, const Resources& resources);
// Kills what is in it; fine if there is none.
absl::Status StopUnit(const Record& record);

}  // namespace pelagos::oci
