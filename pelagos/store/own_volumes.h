// Volumes that nobody gave a name: a container's own, made for it and gone with it, unless others
// share them.
//
// A kept container's are in its record. Those of one without a record (`run --rm` in the
// foreground) are noted in RUN/containers/ID/volumes before they are made, so that the next command
// finds them when it was killed: pairs of a name and a place, each ended by a NUL byte.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/store/paths.h"

namespace pelagos::store {

// Removes those of the mounts that are the container's own and nobody else's. May be repeated. The
// first failure is returned, the others are removed nevertheless.
absl::Status RemoveOwnVolumes(const Roots& roots, const MountPlan& mounts);

// Of a container whose id the caller has claimed.
absl::Status NoteOwnVolumes(const Roots& roots, const std::string& id, const MountPlan& mounts);

// What was noted, as mounts with a name and a place alone; none where nothing was.
absl::StatusOr<MountPlan> ReadNotedVolumes(const Roots& roots, const std::string& id);

// Removes what was noted, and the note.
absl::Status RemoveNotedVolumes(const Roots& roots, const std::string& id);

}  // namespace pelagos::store
