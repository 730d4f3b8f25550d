// The flags that say what a container is to be, and the spec that they amount to: of `run`, of
// `create`, and of a `run` in the foreground that is looked at from outside.
//
// Each concern has its flags in its run_CONCERN.h; here they are put together. Names and meanings
// are docker-run(1)'s; podman-run(1)'s where Docker has none; the original's beside them.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "pelagos/cli/caller.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

// What `run` and `create` share.
std::vector<Flag> ContainerFlags();

// What `run` takes: those, and how to run.
std::vector<Flag> RunFlags();

// How their help is divided; of both.
absl::Span<const Heading> FlagHeadings();

// What was asked for. The words of `args` are the image, unless there is --rootfs, and the command.
// `pid` names a container that has no --name.
//
// InvalidArgument names the flag, its value and what was expected; of flags that exclude each other
// both. Reads the files that flags name, and nothing else. User namespaces are not in it: what they
// mean depends on the caller's ids (ApplyUserns).
absl::StatusOr<ContainerSpec> SpecFrom(const Arguments& args, uint32_t pid,
                                       const Caller& caller = {});

}  // namespace pelagos::cli
