// What commands begin with that look into a container, or change its files.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/command.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/rootless.h"

namespace pelagos::cli {

// An ordinary user goes into the user namespace that the container `word` names is run from, or, if
// it does not run, into a new one; only there its processes and its files are within reach. Root
// stays where it is. NotFound, as Inventory::Find.
inline absl::Status EnterFor(const Context& context, const std::string& word) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<RootlessFacts> rootless, container::PlanRootless());
  if (!rootless) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const container::Found found,
                           container::Inventory(context.roots).Find(word));
  NamespaceJoins joins;
  if (found.running()) {
    NamespaceJoin join;
    join.kind = Namespace::kUser;
    join.container = found.id;
    joins.push_back(std::move(join));
  }
  return container::EnterRootless(context.roots, joins, *rootless);
}

}  // namespace pelagos::cli
