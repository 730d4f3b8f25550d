#include "pelagos/cli/run_image.h"

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/manifest.h"

namespace pelagos::cli {

std::vector<Flag> ImageFlags() {
  return {
      {"pull", 0, "WHEN", "ask the registry for the image: missing (default), always or never"},
      {"platform", 0, "OS/ARCH", "an image of this platform: linux/arm64, linux/arm/v7"},
  };
}

absl::StatusOr<ImageChoice> ImageChoiceFrom(const Arguments& args) {
  ImageChoice choice;
  PELAGOS_ASSIGN_OR_RETURN(choice.pull, image::ParsePullPolicy(args.value("pull", "missing")));
  if (!args.has("platform")) return choice;
  const auto platform = image::ParsePlatform(args.value("platform"));
  if (!platform.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--platform: ", platform.status().message()));
  }
  choice.platform = platform->ToString();
  return choice;
}

}  // namespace pelagos::cli
