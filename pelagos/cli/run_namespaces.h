// The flags of `run` about namespaces and the first process.
//
// Names and meanings are those of docker-run(1); ns:PATH is podman-run(1)'s.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> NamespacesFlags();

// InvalidArgument names the flag, the value and what was expected.
absl::Status ApplyNamespaces(const Arguments& args, ContainerSpec& spec);

}  // namespace pelagos::cli
