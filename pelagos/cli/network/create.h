// `pelagos network create`.
#pragma once

#include "absl/status/statusor.h"
#include "pelagos/cli/command.h"
#include "pelagos/policy/net_plan.h"

namespace pelagos::cli {

Command NetworkCreateRow();

// What the flags ask for. InvalidArgument names the flag, the value and what was expected.
absl::StatusOr<NetworkPlan> NetworkPlanFrom(const Arguments& args);

}  // namespace pelagos::cli
