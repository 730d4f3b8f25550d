// The flags of `run` about user namespaces.
//
// Names and meanings are those of podman-run(1).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/cli/command.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> UsernsFlags();

// InvalidArgument names the flag, the value and what was expected. `rootless`: the caller is an
// ordinary user; host ids are those of its user namespace then. Reads /etc/subuid and /etc/subgid
// if they are asked for.
absl::Status ApplyUserns(const Arguments& args, const std::optional<RootlessFacts>& rootless,
                         ContainerSpec& spec);

// How many ids `--userns auto[:size=N]` asks for; nullopt: it does not. The caller chooses them and
// sets spec.ids.
absl::StatusOr<std::optional<uint32_t>> AutoIdsFrom(const Arguments& args);

}  // namespace pelagos::cli
