// The flags of `run` about where its image comes from: --pull, --platform.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/cli/command.h"
#include "pelagos/image/pull_policy.h"

namespace pelagos::cli {

std::vector<Flag> ImageFlags();

struct ImageChoice {
  image::PullPolicy pull = image::PullPolicy::kMissing;
  std::string platform;  // "linux/arm64"; empty: what is in the store, or this machine's

  friend bool operator==(const ImageChoice&, const ImageChoice&) = default;
};

// InvalidArgument names the flag, the value and what was expected.
absl::StatusOr<ImageChoice> ImageChoiceFrom(const Arguments& args);

}  // namespace pelagos::cli
