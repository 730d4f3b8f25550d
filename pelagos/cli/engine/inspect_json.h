// A container as `inspect` prints it: Docker's document, and below it what is ours, "Spec" and
// "Plan". Source: the Docker Engine API, ContainerInspect.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/engine/size.h"
#include "pelagos/container/inventory.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/store/paths.h"

namespace pelagos::cli {

// What is known of a container beside its record.
struct ContainerDetails {
  absl::StatusOr<LaunchPlan> plan;  // made anew of the record; or why it cannot be
  std::optional<ContainerSize> size = {};
  std::optional<net::Endpoint> endpoint = {};  // what it got of networks, while it runs
  std::string health = {};                     // what its probes wrote, JSON; empty: nothing
};

nlohmann::ordered_json ContainerJson(const store::Roots& roots, const container::Found& found,
                                     const ContainerDetails& details);

// The part of a document that a path names: "State.Health.Status", "Mounts.0.Source". A name that
// holds dots itself is found too ("Config.Labels.com.example.a"). NotFound says what there is
// instead.
absl::StatusOr<nlohmann::ordered_json> FindByPath(const nlohmann::ordered_json& document,
                                                  absl::string_view path);

}  // namespace pelagos::cli
