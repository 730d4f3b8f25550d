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
#include "pelagos/plan/launch_plan.h"

namespace pelagos::oci {

// The plan of `create`: up to the program, which waits for `start` (AwaitExec). InvalidArgument
// lists all that cannot be honoured, one a line, each with its JSON pointer.
absl::StatusOr<LaunchPlan> PlanBundle(const Config& config, const BundleFacts& facts);

// Where the container's cgroups are.
CgroupFolders CgroupFoldersOf(const Config& config, const BundleFacts& facts);

// What `exec` needs to know of a container that runs.
struct ExecFacts {
  std::string id, bundle;
  HostFacts host;
  CgroupFolders cgroups;
  std::string cgroup;  // below the container's own, "a/b"; empty: that
  NamespaceJoins joins;
  std::string home;
};

// The plan of `exec`: another process in the container's namespaces. `config` is the container's,
// for its filter.
absl::StatusOr<LaunchPlan> PlanExec(const Config& config, const Process& process,
                                    const ExecFacts& facts);

}  // namespace pelagos::oci
