// One container through MakePlan and the launcher, as `pelagos run --rootfs LAYER PROGRAM` does it,
// without the command line, the store and the networks.
//
// Usage: launch_one LAYER RUN_ROOT PROGRAM

#include <unistd.h>

#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/launch/wait.h"
#include "pelagos/plan/make_plan.h"
#include "pelagos/plan/mount.h"
#include "pelagos/sys/file.h"

namespace pelagos {
namespace {

absl::StatusOr<int> Run(const std::string& layer, const std::string& run_root,
                        const std::string& program) {
  ContainerSpec spec;
  spec.name = "bench";
  spec.rootfs = layer;
  spec.command = {program};
  HostFacts facts;
  facts.run_root = run_root;
  facts.data_root = run_root;
  Diagnostics diags;
  const std::optional<LaunchPlan> plan = MakePlan(spec, {}, {}, facts, diags);
  if (!plan) return absl::InternalError(Render(SourceMap(), diags));

  const std::string folder = ContainerFolder(facts, spec.name);
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(folder, 0700));
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(run_root + "/mnt", 0700));
  for (const char* name : kRuntimeFiles) {
    PELAGOS_RETURN_IF_ERROR(
        sys::OpenFile(folder + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0644).status());
  }
  PELAGOS_ASSIGN_OR_RETURN(launch::Starting starting,
                           launch::Launch(*plan, {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}));
  PELAGOS_ASSIGN_OR_RETURN(const launch::Launched launched, std::move(starting).Start());
  PELAGOS_ASSIGN_OR_RETURN(const launch::ExitStatus exit, launch::WaitForExit(launched.pidfd));
  PELAGOS_RETURN_IF_ERROR(launch::RemoveCgroups(plan->cgroup));
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(folder));
  return exit.code();
}

}  // namespace
}  // namespace pelagos

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: launch_one LAYER RUN_ROOT PROGRAM\n";
    return 2;
  }
  const absl::StatusOr<int> code = pelagos::Run(argv[1], argv[2], argv[3]);
  if (!code.ok()) {
    std::cerr << code.status().message() << "\n";
    return 125;
  }
  return *code;
}
