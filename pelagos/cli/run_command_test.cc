#include "pelagos/cli/run_command.h"

#include <gtest/gtest.h>

#include "absl/status/statusor.h"

namespace pelagos::cli {
namespace {

using Words = std::vector<std::string>;

absl::StatusOr<ContainerSpec> SpecOf(const Words& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(CommandFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  if (absl::Status applied = ApplyCommand(*args, spec); !applied.ok()) return applied;
  return spec;
}

TEST(RunCommandTest, WordsAfterTheImageAreArguments) {
  const auto spec = SpecOf({"redis:7", "--save", ""});
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->image, "redis:7");
  EXPECT_EQ(spec->arguments, (Words{"--save", ""}));
  EXPECT_TRUE(spec->command.empty());
  EXPECT_FALSE(spec->entrypoint);
}

TEST(RunCommandTest, AFolderRunsAShell) {
  EXPECT_EQ(SpecOf({"--rootfs", "/srv"})->arguments, Words{"/bin/sh"});
  EXPECT_EQ(SpecOf({"--rootfs", "/srv", "ls", "-l"})->arguments, (Words{"ls", "-l"}));
  const auto spec = SpecOf({"--rootfs", "/srv", "--entrypoint", "/bin/env", "A=1"});
  EXPECT_EQ(spec->entrypoint, Words{"/bin/env"});
  EXPECT_EQ(spec->arguments, Words{"A=1"});
  EXPECT_TRUE(SpecOf({"--rootfs", "/srv", "--entrypoint", "ls"})->arguments.empty());
}

TEST(RunCommandTest, Entrypoints) {
  const auto entrypoint = [](const char* text) {
    return *SpecOf({"--entrypoint", text, "busybox"})->entrypoint;
  };
  EXPECT_EQ(entrypoint("/bin/sh -c"), Words{"/bin/sh -c"});  // one word, as Docker has it
  EXPECT_EQ(entrypoint(""), Words{});
  EXPECT_EQ(entrypoint("[]"), Words{});
  EXPECT_EQ(entrypoint(R"(["/bin/sh", "-c"])"), (Words{"/bin/sh", "-c"}));
  EXPECT_EQ(entrypoint("["), Words{"["});
  EXPECT_EQ(entrypoint("[1]"), Words{"[1]"});
}

TEST(RunCommandTest, AnImageIsNeeded) {
  EXPECT_EQ(SpecOf({}).status().message(), "an image name is required");
  EXPECT_EQ(SpecOf({"--entrypoint", "x"}).status().message(), "an image name is required");
}

}  // namespace
}  // namespace pelagos::cli
