#include "pelagos/cli/engine/healthcheck.h"

#include <iostream>

#include "pelagos/container/engine.h"
#include "pelagos/container/exec.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/probe.h"

namespace pelagos::cli {
namespace {

constexpr int kRuntimeFailed = 125;  // podman-healthcheck-run(1)

int Run(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 1) {
    return Fail("healthcheck run: expected the name of one container", kUsage);
  }
  const auto found = container::Inventory(context.roots).Find(args.positionals()[0]);
  if (!found.ok()) return Fail(found.status(), kRuntimeFailed);
  const auto rootless = container::EnterRuntimeOf(context.roots, *found);
  if (!rootless.ok()) return Fail(rootless.status(), kRuntimeFailed);
  const auto engine = container::Engine::Open(context.roots, *rootless);
  if (!engine.ok()) return Fail(engine.status(), kRuntimeFailed);
  const auto health = container::Probe(**engine, *found);
  if (!health.ok()) return Fail(health.status(), kRuntimeFailed);
  if (health->log.back().exit_code == 0) return kDone;
  std::cout << container::NameOf(container::HealthStatus::kUnhealthy) << "\n";
  return kFailed;
}

}  // namespace

Command HealthcheckRunRow() {
  return {.name = "healthcheck run",
          .usage = "CONTAINER",
          .summary = "Run a container's health check now: 0 if it succeeds, 1 if not.",
          .example = "pelagos healthcheck run web",
          .flags = {},
          .options_first = true,
          .run = Run};
}

}  // namespace pelagos::cli
