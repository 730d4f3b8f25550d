// From a plan to a running container: clone3(2) with all namespaces at once, then the child does
// the plan's steps (child_main.cc) while the caller makes its network.
//
//   Launch(plan, io) --> Starting --Start()--> Launched
//                          |  network_namespace(): to be furnished before Start
//                          '- dropped: the child is killed, its cgroups are gone
//
// The container's first process is killed when the *thread* that called Launch ends (prctl(2),
// PR_SET_PDEATHSIG). Source: clone(2), pidfd_open(2), cgroups(7).
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/laps.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/launch/launch_io.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/sys/process.h"

namespace pelagos::launch {

class StepLaps;

// A container whose program runs. Moves. Dropping it does not end the container; the caller waits
// for it (wait.h) and removes its cgroups (cgroup.h).
struct Launched {
  pid_t pid = -1;  // on the host
  Fd pidfd;
  Fd terminal = {};  // the master of the container's terminal, if the plan opens one

  // For records. Requires: nobody has waited for it yet.
  absl::StatusOr<sys::ProcessIdentity> Identity() const {
    PELAGOS_ASSIGN_OR_RETURN(const uint64_t start_time, sys::StartTime(pid));
    return sys::ProcessIdentity{pid, start_time};
  }
};

// A container on its way: its first process is there and does the steps before AwaitStart. Moves.
class [[nodiscard]] Starting {
 public:
  Starting(Starting&&) noexcept = default;
  Starting& operator=(Starting&& other) noexcept;
  ~Starting();

  pid_t pid() const { return pid_; }
  const Fd& pidfd() const { return pidfd_; }

  // For interfaces to be moved into it, before Start.
  absl::StatusOr<Fd> network_namespace() const;

  // Of a plan with AwaitHooks: waits until the child is there. Create lets it go on.
  absl::Status ReachHooks();

  // Of a plan with AwaitExec: waits until all but the program is done. What follows is Resume's
  // (waiting.h), of any process.
  absl::StatusOr<Launched> Create() &&;

  // Lets the child go on past AwaitStart and waits until the program runs. A failure names the
  // step: "shop-db: step 12, bind /x -> /y: No such file or directory"; nothing is left then.
  absl::StatusOr<Launched> Start() &&;

 private:
  friend absl::StatusOr<Starting> Launch(std::shared_ptr<const LaunchPlan> plan,
                                         const LaunchIo& io);
  Starting(std::shared_ptr<const LaunchPlan> plan, pid_t pid, Fd pidfd, Fd channel);

  void Abandon();
  // Of a user namespace of the container's own; then the child goes on.
  absl::Status WriteIdMaps();
  absl::Status Reach();
  absl::Status TakeListener(const LaunchPlan& plan, const ChildReport& report);

  std::shared_ptr<const LaunchPlan> plan_;  // null once started or abandoned
  pid_t pid_ = -1;
  Fd pidfd_;
  Fd channel_;   // the parent's end
  Fd terminal_;  // as soon as it is there
  bool at_hooks_ = false;
  Laps* laps_ = nullptr;
  std::shared_ptr<StepLaps> steps_;  // null: nobody asks
};

// Makes the plan's folders and cgroups and starts the first process. The plan is copied. Errors
// begin with the container's name; nothing is left then but folders.
absl::StatusOr<Starting> Launch(std::shared_ptr<const LaunchPlan> plan, const LaunchIo& io);
inline absl::StatusOr<Starting> Launch(const LaunchPlan& plan, const LaunchIo& io) {
  return Launch(std::make_shared<const LaunchPlan>(plan), io);
}

}  // namespace pelagos::launch
