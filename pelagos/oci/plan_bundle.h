// From config.json to what is done: every decision about a bundle is made here.
//
// Pure, as plan/make_plan.h, whose operations these are too. A bundle says itself what is mounted
// where; what a ContainerSpec leaves to Pelagos is none of its business.
//
// Source: OCI runtime-spec config.md, config-linux.md, runtime.md; where it leaves things open,
// runc.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "pelagos/oci/bundle_facts.h"
#include "pelagos/oci/cgroup_limits.h"
#include "pelagos/oci/config.h"
#include "pelagos/oci/systemd/properties.h"
#include "pelagos/oci/systemd/unit.h"
#include "pelagos/plan/launch_plan.h"

namespace pelagos::oci {

// The plan of `create`: up to the program, which waits for `start` (AwaitExec). InvalidArgument
// lists all that cannot be honoured, one a line, each with its JSON pointer.
absl::StatusOr<LaunchPlan> PlanBundle(const Config& config, const BundleFacts& facts);

// Where the container's cgroups are.
CgroupFolders CgroupFoldersOf(const Config& config, const BundleFacts& facts);

// The systemd unit of a container that is to be, and the cgroup that it will have.
struct NewUnit {
  SystemdUnit unit;
  UnitProperties properties;
  std::string cgroup;  // below the hierarchy's root: "/system.slice/pelagos-web.scope"
  friend bool operator==(const NewUnit&, const NewUnit&) = default;
};

// Requires: facts.systemd, and PlanBundle took them.
absl::StatusOr<NewUnit> PlanUnit(const Config& config, const BundleFacts& facts);

// What `exec` needs to know of a container that runs.
struct ExecFacts {
  std::string id, bundle;
  HostFacts host;
  CgroupFolders cgroups;  // to join
  NamespaceJoins joins;
  std::string root;  // /proc/PID/root
  bool shares_mounts = false;  // the mount namespace that is joined has another root
  std::string home;
  bool keyring = true;    // the container has a session keyring
  std::string placed_by;  // CgroupSteps::placed_by
};

// The mount namespace is not the container's own: another's, or the host's. It has its own root.
bool SharesMounts(const Config& config);

// The name of a container's session keyring.
std::string KeyringName(const std::string& id);

// The plan of `exec`: another process in the container's namespaces. `config` is the container's,
// for its filter.
absl::StatusOr<LaunchPlan> PlanExec(const Config& config, const Process& process,
                                    const ExecFacts& facts);

}  // namespace pelagos::oci
