// Specs as JSON: how a project's resolved stack is kept, so that `down` never needs the user's
// file.
//
// Everything but spans goes round: ComposeSpecFromJson(ToJson(spec)) == spec. The text is stable:
// equal specs give equal bytes. Reading is strict, for the text may have been damaged: unknown
// names, wrong types and numbers out of range are InvalidArgument and say where.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/spec/compose.h"
#include "pelagos/spec/container.h"

namespace pelagos {

std::string ToJson(const ContainerSpec& spec);
std::string ToJson(const ComposeSpec& spec);

absl::StatusOr<ContainerSpec> ContainerSpecFromJson(absl::string_view text);
absl::StatusOr<ComposeSpec> ComposeSpecFromJson(absl::string_view text);

}  // namespace pelagos
