// The flags of `run` about networks and published ports.
//
// Names and meanings are those of docker-run(1); what stands behind a network's name is
// podman-run(1)'s. Which network there is without any of them: docs/networking.md.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/caller.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> NetworkFlags();

// InvalidArgument names the flag, the value and what was expected.
absl::Status ApplyNetwork(const Arguments& args, const Caller& caller, ContainerSpec& spec);

// "NAME" or "NAME:ip=10.5.0.7,ip6=fd00::7,mac=02:42:0a:05:00:07,alias=db".
absl::StatusOr<Attachment> ParseAttachment(absl::string_view text);

}  // namespace pelagos::cli
