// Plans as text for people: every step, in order. Equal plans give equal bytes.
#pragma once

#include <string>

#include "pelagos/plan/compose_plan.h"
#include "pelagos/plan/launch_plan.h"

namespace pelagos {

std::string Print(const LaunchPlan& plan);
std::string Print(const ComposePlan& plan);

}  // namespace pelagos
