// When an image is fetched from its registry before a container is made of it: `--pull`, as Docker
// has it.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::image {

enum class PullPolicy : uint8_t {
  kNever,    // what the store does not have is an error
  kMissing,  // what the store does not have is fetched
  kAlways,   // the registry is asked each time; only what changed is fetched
};

inline absl::StatusOr<PullPolicy> ParsePullPolicy(absl::string_view word) {
  if (word == "never") return PullPolicy::kNever;
  if (word == "missing") return PullPolicy::kMissing;
  if (word == "always") return PullPolicy::kAlways;
  return absl::InvalidArgumentError(
      absl::StrCat("--pull: '", word, "' is no time to pull: expected missing, always or never"));
}

}  // namespace pelagos::image
