// When a launch has a process between launcher and container (child_between.h), and what is joined
// by whom.
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/launch_io.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {

inline bool HasUserNamespace(const LaunchPlan& plan) {
  return plan.namespaces.contains(Namespace::kUser) ||
         std::any_of(plan.joins.begin(), plan.joins.end(),
                     [](const NamespaceJoin& join) { return join.kind == Namespace::kUser; });
}

inline bool NeedsProcessBetween(const LaunchPlan& plan) {
  return HasUserNamespace(plan) || plan.namespaces.contains(Namespace::kTime) ||
         (plan.cannot_return &&
          std::any_of(plan.joins.begin(), plan.joins.end(),
                      [](const NamespaceJoin& join) { return join.kind == Namespace::kPid; }));
}

// What the child, or the process between, joins, in this order: the user namespace last, since
// after it there are no rights over the others. A pid namespace counts for the children of who
// joins it: without a process between it is chosen by the launcher.
inline NamespaceJoins ChildJoins(const LaunchPlan& plan) {
  NamespaceJoins joins;
  for (const NamespaceJoin& join : plan.joins) {
    if (join.kind == Namespace::kUser) continue;
    if (join.kind == Namespace::kPid && !NeedsProcessBetween(plan)) continue;
    joins.push_back(join);
  }
  for (const NamespaceJoin& join : plan.joins) {
    if (join.kind == Namespace::kUser) joins.push_back(join);
  }
  return joins;
}

// "/proc/1/ns/net", "of container web"
inline std::string JoinText(const NamespaceJoin& join) {
  return join.container.empty() ? join.path : absl::StrCat("of container ", join.container);
}

// The namespace to join, opened, or the caller's.
inline absl::StatusOr<Fd> OpenJoin(const NamespaceJoin& join, const LaunchIo& io) {
  if (io.joined_process >= 0) {
    const sys::Result copy = sys::Call(SYS_fcntl, io.joined_process, F_DUPFD_CLOEXEC, 3);
    if (!copy.ok()) return ErrnoStatus(copy.err, "fcntl");
    return Fd(static_cast<int>(copy.value));
  }
  if (join.container.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(Fd opened, sys::OpenFile(join.path, O_RDONLY), "namespace to join");
    return opened;
  }
  for (const PinnedNamespace& pinned : io.namespaces) {
    if (pinned.kind != join.kind) continue;
    const sys::Result copy = sys::Call(SYS_fcntl, pinned.fd, F_DUPFD_CLOEXEC, 3);
    if (!copy.ok()) return ErrnoStatus(copy.err, "fcntl");
    return Fd(static_cast<int>(copy.value));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the ", RowOf(join.kind).name, " namespace ", JoinText(join), " is not there"));
}

}  // namespace pelagos::launch
