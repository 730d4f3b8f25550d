// Who a container's id belongs to, and what is left of those that nobody owns any more.
//
//   RUN/containers/ID         made first, removed last: the record of what is made for it
//
//   RUN/containers/ID/.lock   locked by who runs it, from before anything else is made. Goes last
//                             with its folder, which is empty without it, unless it is a project's
//
//   RUN/sweep.lock            held by who removes what others left; only then it holds their locks
//
// Whoever is killed between any two steps leaves a folder whose lock is free. A project's record
// names its containers, which are the project's to remove; all others go with the next Sweep.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/store/paths.h"

namespace pelagos::container {

// Makes the folder of `id` where it is missing and takes its lock; the id is free again when the
// lock is dropped. AlreadyExists while somebody else has it.
absl::StatusOr<Fd> Claim(const store::Roots& roots, const std::string& id);

// True while somebody has the id.
bool IsClaimed(const store::Roots& roots, const std::string& id);

// Waits until nobody has it. DeadlineExceeded after `patience`.
absl::Status AwaitUnclaimed(const store::Roots& roots, const std::string& id,
                            absl::Duration patience);

// Removes the folder with all in it, by its owner, who has no claim to the id from then on. May be
// repeated. Where a namesake has just begun, it stays.
absl::Status RemoveFolder(const store::Roots& roots, const std::string& id);

// Calls `clean` for each container that was left, with its id claimed, and then removes its folder.
// With none there it costs one stat(2). What fails is tried again by the next; the first failure is
// returned.
absl::Status Sweep(const store::Roots& roots,
                   const std::function<absl::Status(const std::string& id)>& clean);

}  // namespace pelagos::container
