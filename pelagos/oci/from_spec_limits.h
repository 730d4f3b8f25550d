// Limits and filters of a ContainerSpec in config.json's words. Internal to from_spec.cc.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "pelagos/oci/config_resources.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/policy/seccomp_filter.h"

namespace pelagos::oci {

// InvalidArgument: a block device that this host does not have.
absl::StatusOr<Resources> ResourcesFrom(const CgroupPlan& plan, const HostFacts& facts);

// The profile as the specification knows it: rules that depend on capabilities, architectures or
// the kernel are there or not, as they would be for this container.
std::string SeccompText(const SeccompFilter& filter, const PlanInputs& in);

}  // namespace pelagos::oci
