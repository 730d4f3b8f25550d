// A hostile container watches another one come into its pid namespace, whose first process is the
// runtime until it executes the program: nothing of it can be had meanwhile (CVE-2016-9962,
// CVE-2019-5736).

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class JoiningTest : public RunTest {
 protected:
  // The first process of the container that this `pelagos run` started.
  static int ChildOf(int pid) {
    const auto text = sys::ReadFile(absl::StrCat("/proc/", pid, "/task/", pid, "/children"), 4096);
    int child = 0;
    EXPECT_TRUE(text.ok()) << text.status();
    if (text.ok()) {
      const std::vector<std::string> words = absl::StrSplit(*text, ' ');
      EXPECT_TRUE(absl::SimpleAtoi(words[0], &child)) << *text;
    }
    return child;
  }
};

TEST_F(JoiningTest, NothingOfTheRuntimeCanBeHad) {
  const std::string root = world_->folder() + "/root";
  std::filesystem::create_directories(root);
  std::filesystem::copy_file(Runfile("tests/rooted/hostile/prober"), root + "/prober");
  std::unique_ptr<Program> watcher = world_->Start(
      {"run", "--name", "watcher", "--rootfs", root, "/prober", "watch=tools/pelagos"});
  ASSERT_TRUE(watcher->AwaitLine("ready"));
  const std::string space = absl::StrCat("ns:/proc/", ChildOf(watcher->pid()), "/ns/pid");
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds && !watcher->Ended(); ++round) {
    EXPECT_EQ(Out({"--pid", space, "--name", "enters"}, "echo in"), "in\n");
  }
  watcher->Signal(SIGKILL);
  const Outcome outcome = watcher->Wait();
  EXPECT_EQ(outcome.out, "ready\n") << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
