// The parts of plan_bundle.h. Internal to plan_*.cc.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pelagos/oci/bundle_facts.h"
#include "pelagos/oci/cgroup_limits.h"
#include "pelagos/oci/config.h"
#include "pelagos/oci/mistakes.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/policy/id_list.h"

namespace pelagos::oci {

// linux of the config, or nothing.
const Linux& LinuxOf(const Config& config);

inline void Append(std::vector<Op>& ops, std::vector<Op> more) {
  for (Op& op : more) ops.push_back(std::move(op));
}

// An absolute path of the host, from one that may be relative to the bundle.
std::string InBundle(const std::string& bundle, const std::string& path);

// plan_mounts.cc: all mounts of the list, in their order.
std::vector<Op> MountOps(const Config& config, const BundleFacts& facts, Mistakes& mistakes);
// Devices, those that every container has and those of the list, and the links of /dev.
std::vector<Op> DeviceOps(const Config& config, Mistakes& mistakes);
// A /dev that is to be read-only becomes so when it is filled.
std::vector<Op> DevSealOps(const Config& config);

// plan_cgroup.cc
CgroupSteps PlanCgroups(const Config& config, const BundleFacts& facts, Mistakes& mistakes);
std::vector<Op> CgroupMountOps(const Mount& mount, const std::string& target, uint64_t flags,
                               const Config& config, const BundleFacts& facts);

// plan_process.cc. `at` is the pointer of the process in its document.
// What is written to the host's /proc.
std::vector<Op> EarlyProcessOps(const Process& process, const HostFacts& host,
                                const std::string& at, Mistakes& mistakes);
// Limits and traits, which may take rights that the next ones give away.
std::vector<Op> LimitOps(const Process& process, const std::string& at, Mistakes& mistakes);
// Ids, capabilities, filter, in the order in which the kernel allows them; with `wait` before the
// filter that comes last.
std::vector<Op> RightsOps(const Config& config, const Process& process, const HostFacts& host,
                          const std::string& at, bool wait, std::vector<std::string>& notes,
                          Mistakes& mistakes);
// Who sets a container with a user namespace up: its root, or the first of its ids.
BecomeRoot SetterUp(const Linux& linux_part);

// Affinity that whoever called us has is not the container's: its cpuset alone counts.
inline const IdList kAllCpus = {{0, kMostIds - 1}};

// plan_memory.cc: what all of a container's processes are given of linux.personality and
// linux.memoryPolicy.
std::vector<Op> MemoryOps(const Linux& linux_part, Mistakes& mistakes);
// The program; `home` as in BundleFacts.
Op ExecOp(const Process& process, const std::string& home, const std::string& at,
          Mistakes& mistakes);

}  // namespace pelagos::oci
