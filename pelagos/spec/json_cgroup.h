// The part of a spec's JSON that is about limits. Internal to json.cc.
#pragma once

#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/spec/json_node.h"

namespace pelagos::internal {

Json WriteCgroup(const CgroupPlan& plan);
CgroupPlan ReadCgroup(const Node& node);

}  // namespace pelagos::internal
