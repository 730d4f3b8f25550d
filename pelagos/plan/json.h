// Plans as JSON for programs: two blanks of indent, keys in a fixed order, a final new-line. Equal
// plans give equal bytes.
#pragma once

#include <string>

#include "pelagos/plan/compose_plan.h"
#include "pelagos/plan/launch_plan.h"

namespace pelagos {

std::string ToJson(const LaunchPlan& plan);
std::string ToJson(const ComposePlan& plan);

}  // namespace pelagos
