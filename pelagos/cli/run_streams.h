// The flags of `run` about who sees and writes the container's streams: --attach, --interactive,
// --tty, and of `run` alone --detach, --detach-keys, --sig-proxy.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

// What `run` and `create` share.
std::vector<Flag> StreamFlags();

// What only `run` takes.
std::vector<Flag> DetachFlags();

// The streams that are ours too; what is not goes to the log alone.
struct AttachedStreams {
  bool in = false, out = true, err = true;

  friend bool operator==(const AttachedStreams&, const AttachedStreams&) = default;
};

// InvalidArgument names the flag, the value and what was expected; of flags that exclude each other
// both.
absl::StatusOr<AttachedStreams> AttachedFrom(const Arguments& args);

// The same errors.
absl::Status ApplyStreams(const Arguments& args, ContainerSpec& spec);

}  // namespace pelagos::cli
