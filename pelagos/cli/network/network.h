// `pelagos network`: networks that outlive their containers, and who is in them.
//
// Source: docker-network(1), podman-network-create(1).
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> NetworkCommands();

}  // namespace pelagos::cli
