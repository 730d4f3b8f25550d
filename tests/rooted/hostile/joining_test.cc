// A hostile container watches another one come into its pid namespace, whose first process is the
// runtime until it executes the program: nothing of it can be had meanwhile (CVE-2016-9962,
// CVE-2019-5736).

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/compare/bundle.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class JoiningTest : public RunTest {
 protected:
  // With the prober, and nothing else.
  std::string MakeRoot() {
    const std::string root = world_->folder() + "/root";
    std::filesystem::create_directories(root);
    std::filesystem::copy_file(Runfile("tests/rooted/hostile/prober"), root + "/prober");
    return root;
  }
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
  const std::string root = MakeRoot();
  std::unique_ptr<Program> watcher = world_->Start(
      {"run", "--rm", "--name", "watcher", "--rootfs", root, "/prober", "watch=tools/pelagos"});
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

// The same for a program that enters the hostile container itself.
TEST_F(JoiningTest, NothingOfTheRuntimeCanBeHadByExec) {
  const std::string bundle = world_->folder();
  auto config =
      nlohmann::json::parse(benchmarks::MakeBundleConfig(MakeRoot(), "watched", /*seccomp=*/true));
  config["process"]["args"] = {"/prober", "watch=tools/pelagos"};
  world_->Write("config.json", config.dump());
  const Words oci = {"oci", "--root", bundle + "/state"};
  const auto with = [&](Words words) {
    words.insert(words.begin(), oci.begin(), oci.end());
    return words;
  };
  std::unique_ptr<Program> watcher = world_->Start(with({"run", "--bundle", bundle, "watched"}));
  ASSERT_TRUE(watcher->AwaitLine("ready"));
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds && !watcher->Ended(); ++round) {
    const Outcome entered = world_->Pelagos(with({"exec", "watched", "/prober"}));
    EXPECT_EQ(entered.out, "ready\ndone\n") << entered.Describe();
  }
  EXPECT_EQ(world_->Pelagos(with({"delete", "--force", "watched"})).code, 0);
  const Outcome outcome = watcher->Wait();
  EXPECT_EQ(outcome.out, "ready\n") << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
