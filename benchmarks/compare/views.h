// The mount namespaces that the contestants of one comparison run in.
//
// A host may have cgroup v2, v1, or both. Each view is a private mount namespace of this process
// that shows a part of that; all of them have the same scratch tmpfs.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"

namespace pelagos::benchmarks {

// A mount namespace, and where a cgroup of its own can be made there.
struct View {
  std::string name;     // "none", "v1", "v2"
  Fd mounts;            // mount namespace; invalid: the host has no such view
  std::string cgroups;  // the folder in which it is made; "" for "none"
};

struct Views {
  View none;  // no cgroup hierarchy is mounted
  View v1;    // v1 hierarchies alone: with v2 beside them crun refuses
  View v2;    // as the host is; v2, with or without v1 beside it

  // Where crun, runc and the like run.
  const View& peers() const { return v1.mounts.valid() ? v1 : v2.mounts.valid() ? v2 : none; }
};

// Leaves the host's mount namespace, mounts a tmpfs at `scratch` and makes the views. The caller's
// namespace is the last one made; Enter says where to be.
absl::StatusOr<Views> MakeViews(const std::string& scratch);

// The calling thread, which must be the only one, is in that mount namespace from now on, at its
// root folder.
absl::Status Enter(const View& view);

}  // namespace pelagos::benchmarks
