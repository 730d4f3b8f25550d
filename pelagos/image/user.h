// Who a process in an image is: a user as the config or --user writes it, looked up in the image's
// own /etc/passwd and /etc/group.
//
//   ""              root                     "name"          must be in passwd
//   "1000"          need not be in passwd    "name:group"    group must be in group, if not a
//   number "1000:1000"     neither file is needed
//
// Source: image-spec, config.md ("User"); passwd(5), group(5). As Docker does: a group that is
// given replaces the supplementary groups, else they are those that list the user's name.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/manifest.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos::image {

// The longest passwd or group file that is read, in bytes.
inline constexpr size_t kMaxUserFile = size_t{4} << 20;

// `layers` are host folders, top first; a plain --rootfs folder is the only layer. NotFound names
// the user or group that is missing, InvalidArgument a number out of range (0 to 4294967294) or a
// malformed `user`. `groups` are names or numbers of more supplementary groups; a name must be in
// group, a number need not.
absl::StatusOr<ResolvedUser> FindUser(const std::vector<std::string>& layers,
                                      absl::string_view user,
                                      const std::vector<std::string>& groups = {});

// The same from the texts of the two files.
absl::StatusOr<ResolvedUser> FindUserIn(const UserFiles& files, absl::string_view user,
                                        const std::vector<std::string>& groups = {});

// Fails where FindUser of the layers would, for some user.
absl::StatusOr<UserFiles> ReadUserFiles(const std::vector<std::string>& layers);

}  // namespace pelagos::image
