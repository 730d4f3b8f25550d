#include "pelagos/cli/container_flags.h"

#include <gtest/gtest.h>

#include <set>

namespace pelagos::cli {
namespace {

absl::StatusOr<ContainerSpec> SpecOf(const std::vector<std::string>& words,
                                     const Caller& caller = {}) {
  const absl::StatusOr<Arguments> args = ParseFlags(RunFlags(), words, true);
  if (!args.ok()) return args.status();
  return SpecFrom(*args, 7, caller);
}

TEST(ContainerFlagsTest, NoFlagIsTheHardenedDefault) {
  const auto spec = SpecOf({"busybox", "echo"});
  ASSERT_TRUE(spec.ok()) << spec.status();
  ContainerSpec expected;
  expected.name = "pelagos-7";
  expected.image = "busybox";
  expected.arguments = {"echo"};
  EXPECT_EQ(*spec, expected);
}

TEST(ContainerFlagsTest, EachNameAndLetterIsThereOnce) {
  std::set<absl::string_view> names;
  std::set<char> letters;
  for (const Flag& flag : RunFlags()) {
    EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
    EXPECT_TRUE(flag.letter == 0 || letters.insert(flag.letter).second) << flag.letter;
    EXPECT_FALSE(flag.help.empty()) << flag.name;
  }
}

TEST(ContainerFlagsTest, EachHeadingIsThere) {
  Command command;
  command.flags = RunFlags();
  command.headings = FlagHeadings();
  const std::string help = HelpFor(command);
  for (const Heading& heading : FlagHeadings()) {
    const std::string line = "\n" + std::string(heading.title) + "\n  ";
    const size_t at = help.find(line);
    EXPECT_NE(at, std::string::npos) << heading.title;
    EXPECT_EQ(help.find(line, at + 1), std::string::npos) << heading.title;
  }
  // Docker's -h is the hostname.
  EXPECT_NE(help.find("  -h, --hostname NAME"), std::string::npos);
  EXPECT_NE(help.find("      --help "), std::string::npos);
}

// What another process was told depends on that process alone.
TEST(ContainerFlagsTest, AnotherCaller) {
  const std::vector<std::string> environment = {"MINE=1"};
  Caller caller;
  caller.environment = &environment;
  caller.folder = "/its/folder";
  const auto spec = SpecOf({"-e", "MINE", "-e", "PATH", "-v", "./d:/d", "busybox"}, caller);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->env, (std::vector<EnvVariable>{{"MINE", "1"}}));
  EXPECT_EQ(spec->mounts.mounts().at(0).source, "/its/folder/d");
}

}  // namespace
}  // namespace pelagos::cli
