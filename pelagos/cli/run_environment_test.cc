#include "pelagos/cli/run_environment.h"

#include <gtest/gtest.h>

#include <fstream>

#include "absl/status/statusor.h"

namespace pelagos::cli {
namespace {

std::string Folder() {
  std::string folder = ::testing::TempDir();
  while (folder.back() == '/') folder.pop_back();
  return folder;
}

const std::vector<std::string> kEnvironment = {"HOME=/home/u", "EMPTY="};

absl::StatusOr<std::vector<EnvVariable>> EnvOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(EnvironmentFlags(), words, true);
  if (!args.ok()) return args.status();
  Caller caller;
  caller.environment = &kEnvironment;
  caller.folder = Folder();
  ContainerSpec spec;
  if (absl::Status applied = ApplyEnvironment(*args, caller, spec); !applied.ok()) return applied;
  return spec.env;
}

using Variables = std::vector<EnvVariable>;

TEST(RunEnvironmentTest, Variables) {
  EXPECT_EQ(*EnvOf({}), Variables{});
  EXPECT_EQ(*EnvOf({"-e", "A=b=c", "--env=E=", "-e", "HOME", "-e", "EMPTY", "-e", "NOBODY"}),
            (Variables{{"A", "b=c"}, {"E", ""}, {"HOME", "/home/u"}, {"EMPTY", ""}}));
}

TEST(RunEnvironmentTest, FilesComeFirst) {
  std::ofstream(Folder() + "/first") << "A=file\nHOME\nNOBODY\n";
  std::ofstream(Folder() + "/second") << "A=again\n";
  EXPECT_EQ(*EnvOf({"-e", "A=flag", "--env-file", "first", "--env-file", Folder() + "/second"}),
            (Variables{{"A", "file"}, {"HOME", "/home/u"}, {"A", "again"}, {"A", "flag"}}));
}

TEST(RunEnvironmentTest, MistakesNameTheFlag) {
  EXPECT_EQ(EnvOf({"-e", "=x"}).status().message(),
            "--env '=x': expected KEY=VALUE, or the name of a variable");
  std::ofstream(Folder() + "/bad") << "A B=1\n";
  EXPECT_EQ(EnvOf({"--env-file", "bad"}).status().message(),
            "--env-file 'bad': " + Folder() + "/bad: line 1 has blanks in the name 'A B'");
  const auto missing = EnvOf({"--env-file", "gone"});
  EXPECT_TRUE(absl::IsInvalidArgument(missing.status())) << missing.status();
  EXPECT_NE(missing.status().message().find("--env-file 'gone': "), std::string::npos);
}

}  // namespace
}  // namespace pelagos::cli
