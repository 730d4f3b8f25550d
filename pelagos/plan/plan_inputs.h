// All that MakePlan and its rules look at.
#pragma once

#include "pelagos/plan/host_facts.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos {

struct PlanInputs {
  const ContainerSpec& spec;
  const ResolvedImage& image;
  const ResolvedUser& user;
  const HostFacts& facts;
};

}  // namespace pelagos
