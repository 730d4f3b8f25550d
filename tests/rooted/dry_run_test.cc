// `pelagos run --dry-run` prints the plan and changes nothing at all.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

// Every path below a folder, with the time of its last change.
std::map<std::string, std::string> Tree(const std::string& folder) {
  std::map<std::string, std::string> tree;
  if (!std::filesystem::exists(folder)) return tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat info = {};
    EXPECT_EQ(::lstat(entry.path().c_str(), &info), 0) << entry.path();
    tree[entry.path()] = absl::StrCat(info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec);
  }
  return tree;
}

class DryRunTest : public RootedTest {};

TEST_F(DryRunTest, MakesNothingWhereNothingIs) {
  World world;
  const Outcome outcome = world.Pelagos({"run", "--rm", "--dry-run", "busybox", "true"});
  EXPECT_EQ(outcome.code, 125) << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.err, "image 'busybox' is not in the store"))
      << outcome.Describe();
  EXPECT_FALSE(std::filesystem::exists(world.data_root()));
  EXPECT_FALSE(std::filesystem::exists(world.run_root()));
}

TEST_F(DryRunTest, PrintsThePlanAndLeavesAllAsItWas) {
  World world;
  ASSERT_EQ(world.Pelagos({"run", "--rm", "busybox", "true"}).code, 0);
  const auto data = Tree(world.data_root());
  const auto run = Tree(world.run_root());
  const Outcome outcome = world.Pelagos({"run", "--rm", "--dry-run", "--memory", "64m", "--name",
                                         "dry", "busybox", "sh", "-c", "echo ran"});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.err, "");
  EXPECT_TRUE(absl::StartsWith(outcome.out, "container dry\n")) << outcome.out;
  EXPECT_TRUE(absl::StrContains(outcome.out, "67108864")) << outcome.out;
  EXPECT_EQ(Tree(world.data_root()), data);
  EXPECT_EQ(Tree(world.run_root()), run);
  world.ExpectNoResidue("a dry run");
}

}  // namespace
}  // namespace pelagos::rooted
