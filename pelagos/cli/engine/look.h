// How commands find the containers of their roots.
#pragma once

#include "pelagos/cli/command.h"
#include "pelagos/container/inventory.h"

namespace pelagos::cli {

// Of a `run` in the foreground too: what it was asked for its arguments say.
container::Inventory InventoryOf(const Context& context);

}  // namespace pelagos::cli
