// LaunchPlan -> ChildPlan: all that needs memory, strings or the host's files is done here, in the
// parent. Sources of bind mounts become detached trees, names in PATH become candidates.
//
// Source: open_tree(2), mount_setattr(2), execvp(3).
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/launch/arena.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/launch/launch_io.h"
#include "pelagos/plan/launch_plan.h"

namespace pelagos::launch {

// Owns what a ChildPlan points to: texts, lists, descriptors. Moves; the ChildPlan stays good.
class FlatPlan {
 public:
  FlatPlan() = default;
  FlatPlan(FlatPlan&&) = default;
  FlatPlan& operator=(FlatPlan&&) = delete;
  ~FlatPlan();  // descriptors that were opened one after the other are closed at once

  const ChildPlan& child() const { return child_; }
  void Time(int64_t* times) { child_.times = times; }  // ChildPlan::times
  // Closed with the others.
  void Adopt(Fd fd) { fds_.push_back(std::move(fd)); }

 private:
  friend class Flattener;
  ChildPlan child_;
  Arena arena_;
  std::vector<Fd> fds_;
};

// `channel` is the child's end of the pair, above 2, `parents_end` the other; they stay the
// caller's. INVALID_ARGUMENT for plans that could touch the host (a mount without a mount
// namespace, a target without a root) or that do not end with Exec. Errors name the step: "step 3,
// bind /x -> /y: open_tree('/x'): ...".
absl::StatusOr<FlatPlan> Flatten(const LaunchPlan& plan, const LaunchIo& io, int parents_end,
                                 int channel);

}  // namespace pelagos::launch
