// `pelagos ps`: the containers of two roots, whoever runs them. It looks, and changes nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/engine/size.h"
#include "pelagos/container/inventory.h"

namespace pelagos::cli {

std::vector<Command> PsCommands();

using SizeOf = std::function<ContainerSize(const container::Found&)>;

// All that `ps` prints. `all` as Inventory::List has it. `size_of` is asked only for what is shown.
// Errors are the command line's.
absl::StatusOr<std::string> PsText(const std::vector<container::Found>& all, const Arguments& args,
                                   absl::Time now, const SizeOf& size_of);

}  // namespace pelagos::cli
