#include "pelagos/cli/run_image.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

absl::StatusOr<ImageChoice> ChoiceOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(ImageFlags(), words, true);
  if (!args.ok()) return args.status();
  return ImageChoiceFrom(*args);
}

TEST(RunImageTest, Choices) {
  EXPECT_EQ(*ChoiceOf({}), ImageChoice{});
  EXPECT_EQ(*ChoiceOf({"--pull", "never", "--platform", "linux/aarch64"}),
            (ImageChoice{image::PullPolicy::kNever, "linux/arm64"}));
}

TEST(RunImageTest, MistakesNameTheFlagAndWhatWasExpected) {
  EXPECT_EQ(ChoiceOf({"--pull", "often"}).status().message(),
            "--pull: 'often' is no time to pull: expected missing, always or never");
  EXPECT_EQ(ChoiceOf({"--platform", "arm"}).status().message(),
            "--platform: 'arm' is no platform: expected OS/ARCHITECTURE[/VARIANT], as "
            "'linux/arm64'");
}

}  // namespace
}  // namespace pelagos::cli
