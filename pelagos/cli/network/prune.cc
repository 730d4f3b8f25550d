#include "pelagos/cli/network/prune.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/network/view.h"
#include "pelagos/container/inventory.h"
#include "pelagos/net/networks.h"
#include "pelagos/store/project.h"

namespace pelagos::cli {

absl::StatusOr<std::vector<std::string>> PruneNetworks(container::Engine& engine) {
  std::vector<std::string> removed;
  const store::Roots& roots = engine.roots();
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NetworkView> views, ListNetworks(roots));
  if (views.empty()) return removed;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> projects, store::ListProjects(roots));
  std::set<std::string> needed;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<container::Found> all,
                           container::Inventory(roots).List());
  for (const container::Found& found : all) {
    for (const Attachment& to : found.record.spec.net.attachments) needed.insert(to.network);
  }
  PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, engine.networks());
  for (const NetworkView& view : views) {
    const net::NetworkRecord& network = view.record;
    const bool of_project = std::count(projects.begin(), projects.end(), network.project) > 0;
    if (of_project || needed.count(network.name) != 0) continue;
    const bool defined = !network.created.empty();
    const absl::Status gone =
        defined ? networks->Undefine(network.name) : networks->Remove(network.name);
    // Somebody is in it, or removed it meanwhile.
    if (absl::IsFailedPrecondition(gone) || absl::IsNotFound(gone)) continue;
    PELAGOS_RETURN_IF_ERROR(gone);
    removed.push_back(network.name);
  }
  return removed;
}

}  // namespace pelagos::cli
