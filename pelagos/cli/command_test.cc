#include "pelagos/cli/command.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

const std::vector<Flag> kFlags = {{"file", 'f', "FILE", "the file"},
                                  {"follow", 'F', "", "follow"},
                                  {"volumes", 'v', "", "volumes too"}};

TEST(ParseFlagsTest, EverySpelling) {
  const auto parsed = ParseFlags(
      kFlags, {"--file", "a", "--file=b", "-f", "c", "-fd", "-Fv", "x", "--", "--file"}, false);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->values("file"), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(parsed->value("file"), "d");
  EXPECT_TRUE(parsed->has("follow"));
  EXPECT_TRUE(parsed->has("volumes"));
  EXPECT_EQ(parsed->positionals(), (std::vector<std::string>{"x", "--file"}));
  EXPECT_EQ(parsed->value("nothing", "default"), "default");
}

TEST(ParseFlagsTest, OptionsFirstLeavesTheRestAlone) {
  const auto parsed = ParseFlags(kFlags, {"-v", "busybox", "ls", "-f"}, true);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->positionals(), (std::vector<std::string>{"busybox", "ls", "-f"}));
}

TEST(ParseFlagsTest, SwitchesCanBeDenied) {
  const auto parsed = ParseFlags(kFlags, {"--follow", "--follow=false"}, true);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_FALSE(parsed->has("follow"));
  EXPECT_TRUE(parsed->denied("follow"));
  const auto again = ParseFlags(kFlags, {"--follow=false", "--follow=true"}, true);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->has("follow"));
  EXPECT_FALSE(again->denied("follow"));
  EXPECT_FALSE(ParseFlags(kFlags, {}, true)->denied("follow"));
}

std::string Refused(const std::vector<std::string>& args) {
  const auto parsed = ParseFlags(kFlags, args, false);
  return std::string(parsed.status().message());
}

TEST(ParseFlagsTest, ErrorsNameTheFlag) {
  EXPECT_EQ(Refused({"--flie", "x"}), "unknown flag '--flie'; did you mean '--file'?");
  EXPECT_EQ(Refused({"--zzzzzz"}), "unknown flag '--zzzzzz'; see --help");
  EXPECT_EQ(Refused({"-f"}), "'-f' needs a value: -f FILE");
  EXPECT_EQ(Refused({"--follow=1"}), "'--follow' takes no value but true or false");
  EXPECT_EQ(Refused({"-x"}), "unknown flag '-x'; see --help");
}

TEST(HelpTest, HasUsageFlagsAndAnExample) {
  const Command command = {.name = "compose logs",
                           .usage = "[FLAGS] [SERVICE]",
                           .summary = "Print output.",
                           .example = "pelagos compose logs web",
                           .flags = kFlags,
                           .run = {}};
  const std::string help = HelpFor(command);
  EXPECT_NE(help.find("usage: pelagos compose logs [FLAGS] [SERVICE]"), std::string::npos);
  EXPECT_NE(help.find("-f, --file FILE"), std::string::npos);
  EXPECT_NE(help.find("-h, --help"), std::string::npos);
  EXPECT_NE(help.find("pelagos compose logs web"), std::string::npos);
}

}  // namespace
}  // namespace pelagos::cli
