// Mounts as docker-run(1) writes them: --volume, --mount, --tmpfs,
// and --bind of the original.
//
// InvalidArgument says what was expected, without the flag and the text. Sources are as written:
// relative ones are still to be counted from somewhere.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/mount_plan.h"

namespace pelagos {

// "SOURCE:TARGET[:OPTIONS]". A source that begins with '/' or '.' is a path, else a volume.
absl::StatusOr<Mount> ParseVolumeFlag(absl::string_view text);

// "type=bind,source=/x,target=/y,readonly"
absl::StatusOr<Mount> ParseMountFlag(absl::string_view text);

// "SOURCE:TARGET", a path each; the source must exist, and is never the name of a volume.
absl::StatusOr<Mount> ParseBindFlag(absl::string_view text);
absl::StatusOr<Mount> ParseReadOnlyBindFlag(absl::string_view text);

// "TARGET[:OPTIONS]"
absl::StatusOr<Mount> ParseTmpfsFlag(absl::string_view text);

// "uids=0-1000-10#20-3000-1;gids=0-1000-10": owner of the files, as it shows, how many. "0-1000-10"
// alone is both.
absl::StatusOr<MountIdMap> ParseMountIdMap(absl::string_view text);

}  // namespace pelagos
