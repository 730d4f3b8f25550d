// A program taken through the whole pipe as far as it is value: evaluated, checked, planned. The
// host and its images are made up, so that the result is the same everywhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pelagos/plan/compose_plan.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/reml/inputs.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos::golden {

struct StackResult {
  std::string report;               // all that is to be said of the program, rendered
  std::optional<ComposePlan> plan;  // nullopt: the report says why, or nothing was asked for
  std::vector<reml::Input> inputs;  // what it read
};

// `name` is what the program is called in messages. Relative binds count from /srv/stack.
StackResult PlanStack(const std::string& name, const std::string& text, const HostFacts& facts);

// "v2", "hybrid" (limits in v1) or "none" (no cgroups).
HostFacts FactsOf(const std::string& host);

// Any image: two layers, named after it.
ResolvedImage ImageOf(const std::string& reference);

// The user that `user` names in such an image.
ResolvedUser UserOf(const std::string& user);

}  // namespace pelagos::golden
