// Images and users as the planner sees them, as JSON: a container that is kept keeps what its image
// was when it was created, whatever becomes of the tag.
//
// Goes round as spec/json.h's texts do; reading is as strict, and errors say where.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos {

std::string ToJson(const ResolvedImage& image);
std::string ToJson(const ResolvedUser& user);

absl::StatusOr<ResolvedImage> ResolvedImageFromJson(absl::string_view text);
absl::StatusOr<ResolvedUser> ResolvedUserFromJson(absl::string_view text);

}  // namespace pelagos
