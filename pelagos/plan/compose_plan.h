// A whole stack, all decided: what `compose up` executes and `compose plan` prints.
//
// A value; see make_compose_plan.h.
#pragma once

#include <string>
#include <vector>

#include "pelagos/plan/launch_plan.h"
#include "pelagos/policy/net_plan.h"
#include "pelagos/spec/compose.h"

namespace pelagos {

struct ServicePlan {
  std::string name;                    // the user's own
  std::string image;                   // as written
  std::vector<Dependency> depends_on;  // by service names
  LaunchPlan launch;

  friend bool operator==(const ServicePlan&, const ServicePlan&) = default;
};

struct ComposePlan {
  std::string project;
  std::vector<NetworkPlan> networks;  // store's names, in the order of declaration
  std::vector<std::string> volumes;   // store's names, in the order of declaration
  std::vector<ServicePlan> services;  // in the order of their start

  friend bool operator==(const ComposePlan&, const ComposePlan&) = default;
};

}  // namespace pelagos
