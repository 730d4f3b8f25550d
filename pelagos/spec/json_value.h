// The same as json.h and resolved_json.h, of values: for documents that hold specs as parts. Only
// for .cc files, which include nlohmann's header anyway.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos {

nlohmann::json ToJsonValue(const ContainerSpec& spec);
nlohmann::json ToJsonValue(const ResolvedImage& image);
nlohmann::json ToJsonValue(const ResolvedUser& user);

// InvalidArgument, as of the texts.
absl::StatusOr<ContainerSpec> ContainerSpecFromValue(const nlohmann::json& json);
absl::StatusOr<ResolvedImage> ResolvedImageFromValue(const nlohmann::json& json);
absl::StatusOr<ResolvedUser> ResolvedUserFromValue(const nlohmann::json& json);

}  // namespace pelagos
