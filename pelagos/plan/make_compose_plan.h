// From a checked stack to a whole plan: order, networks, volumes, and a LaunchPlan per service.
//
// Pure, as MakePlan. Requires: the spec is Completed (scope.h) and CheckCompose found nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/compose_plan.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/make_plan.h"
#include "pelagos/spec/compose.h"
#include "pelagos/spec/order.h"
#include "pelagos/spec/resolved_image.h"
#include "pelagos/spec/scope.h"

namespace pelagos {

// What was found for a service: in the store, and of the host what only its spec asks for.
struct ServiceImage {
  ResolvedImage image;
  ResolvedUser user;
  std::optional<HostFacts> facts = {};  // unset: those of all
};

// nullopt: `diags` has all that is wrong, of all services. `images` are by service name.
inline std::optional<ComposePlan> MakeComposePlan(const std::string& project,
                                                  const ComposeSpec& spec,
                                                  const std::map<std::string, ServiceImage>& images,
                                                  const HostFacts& facts, Diagnostics& diags) {
  const size_t errors_before = diags.errors();
  ComposePlan plan;
  plan.project = project;
  for (const NetworkSpec& network : spec.networks) {
    plan.networks.push_back({ScopedName(project, network.name), project, network.subnet});
  }
  for (const VolumeSpec& volume : spec.volumes) {
    plan.volumes.push_back(ScopedName(project, volume.name));
  }
  for (const std::string& name : StartOrder(spec)) {
    for (const ServiceSpec& service : spec.services) {
      if (service.name != name) continue;
      const ServiceImage& found = images.at(name);
      std::optional<LaunchPlan> launch =
          MakePlan(ScopeService(project, service), found.image, found.user,
                   found.facts ? *found.facts : facts, diags);
      if (launch) {
        plan.services.push_back(
            {name, service.container.image, service.depends_on, *std::move(launch)});
      }
      break;
    }
  }
  if (diags.errors() != errors_before) return std::nullopt;
  return plan;
}

}  // namespace pelagos
