// Commands that do one thing to each container that is named, or with --all to all that are meant.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "pelagos/cli/command.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/inventory.h"

namespace pelagos::cli {

struct EachOptions {
  bool missing_is_fine = false;
  // Called for each before anything else is done, where there are several: what takes its time
  // begins for all of them. What fails here, `act` meets again.
  std::function<void(container::Engine&, const container::Found&)> begin = nullptr;
};

// Prints, for each that it was done to, what it was called by. A failure is said and the others are
// done nevertheless; the exit code is 1 then. `meant` says which --all means.
int ForEach(const Context& context, const Arguments& args, absl::string_view command,
            const std::function<bool(const container::Found&)>& meant,
            const std::function<absl::Status(container::Engine&, const container::Found&)>& act,
            const EachOptions& options = {});

}  // namespace pelagos::cli
