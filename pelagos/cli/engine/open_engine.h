// What every command that changes containers begins with.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/sweep.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/rootless.h"

namespace pelagos::cli {

// An ordinary user is in his user namespace from here on, and what killed commands left is gone.
inline absl::StatusOr<std::unique_ptr<container::Engine>> OpenEngine(const Context& context) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<RootlessFacts> rootless,
                           container::EnterIfRootless(context.roots));
  PELAGOS_ASSIGN_OR_RETURN(std::unique_ptr<container::Engine> engine,
                           container::Engine::Open(context.roots, std::move(rootless)));
  SweepOrWarn(*engine);
  return engine;
}

}  // namespace pelagos::cli
