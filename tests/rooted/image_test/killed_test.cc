// `image load`, `rm` and `prune` killed with SIGKILL before their system calls and those of
// pelagos-image, each or every third: the store is whole, the same command succeeds then, and
// nothing is left.

#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/traced.h"

namespace pelagos::rooted {
namespace {

using image::LayoutForTests;
using image::TarBuilder;
using Words = std::vector<std::string>;

class ImageKilledTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    world_ = std::make_unique<World>();
    const std::string base = TarBuilder()
                                 .Add({.name = "etc", .type = '5'})
                                 .File("etc/passwd", "root:x:0:0::/:\n")
                                 .File("a", std::string(1000, 'a'))
                                 .Build();
    const std::string top = TarBuilder().File("b", "b").Build();
    x_ = world_->Write(
        "x.tar", LayoutForTests({base, top}, {image::Gzip(base), image::Zstd(top)}, "x:1").Pack());
    y_ = world_->Write("y.tar", LayoutForTests({base}, {image::Gzip(base)}, "y:2").Pack());
  }

  // Runs `pelagos WORDS`, and kills it and all that it has started before the system call number
  // `last` of them all; returns how many have begun.
  int RunUpTo(int last, const Words& words) {
    std::set<pid_t> seen;
    return TracePelagos(*world_, words, /*children=*/true,
                        [&](const TracedCall& call) {
                          seen.insert(call.pid);
                          if (call.n != last) return AtCall::kGoOn;
                          for (const pid_t pid : seen) ::kill(pid, SIGKILL);
                          return AtCall::kKill;
                        })
        .calls;
  }

  // At every `stride`-th call. `prepare` makes the store as the command finds it, `after` looks at
  // what it left.
  void KillEverywhere(const Words& words, int stride, const std::function<void()>& prepare,
                      const std::function<void()>& after) {
    prepare();
    const int calls = RunUpTo(-1, words);
    after();
    ASSERT_GT(calls, 100);
    RecordProperty("calls", calls);
    int left = 0;
    for (int last = 1; last <= calls; last += stride) {
      SCOPED_TRACE(absl::StrCat("killed before call ", last, " of ", calls));
      prepare();
      RunUpTo(last, words);
      const Outcome fsck = world_->Pelagos({"image", "fsck"});
      EXPECT_EQ(fsck.code, 0) << fsck.Describe();
      EXPECT_FALSE(absl::StrContains(fsck.out, "damaged: ")) << fsck.Describe();
      left += absl::StrContains(fsck.out, "left over: ") ? 1 : 0;
      after();
      if (HasFailure()) return;
    }
    EXPECT_GT(left, 0) << "it was never killed while there was something to remove";
    world_->ExpectNoResidue("killed commands");
  }

  void Do(const Words& words) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
  }
  bool Has(const std::string& name) {
    const Outcome list = world_->Pelagos({"image", "ls", "--json"});
    EXPECT_EQ(list.code, 0) << list.Describe();
    return absl::StrContains(list.out, name);
  }
  // Whole, and without left-overs.
  void ExpectClean(const std::string& what) {
    const Outcome fsck = world_->Pelagos({"image", "fsck"});
    EXPECT_EQ(fsck.code, 0) << fsck.Describe();
    EXPECT_TRUE(absl::StartsWith(fsck.out, absl::StrCat("Checked ", what))) << fsck.Describe();
    EXPECT_TRUE(absl::EndsWith(fsck.out, ": the store is whole\n")) << fsck.Describe();
  }

  std::unique_ptr<World> world_;
  std::string x_, y_;  // archives: x:1 of two layers, and y:2 of the lower one
};

TEST_F(ImageKilledTest, Load) {
  KillEverywhere(
      {"image", "load", x_}, 1, [] {},
      [&] {
        Do({"image", "load", x_});
        ExpectClean("1 images, 2 layers, 4 blobs");
        Do({"image", "rm", "x:1"});
        ExpectClean("0 images, 0 layers, 0 blobs");
      });
}

TEST_F(ImageKilledTest, Remove) {
  Do({"image", "load", y_});
  KillEverywhere(
      {"image", "rm", "x:1"}, 1,
      [&] {
        Do({"image", "load", x_});
      },
      [&] {
        // The name goes first: then there is nothing to repeat.
        if (Has("library/x:1")) Do({"image", "rm", "x:1"});
        Do({"image", "prune"});
        ExpectClean("1 images, 1 layers, 3 blobs");
      });
}

TEST_F(ImageKilledTest, Prune) {
  KillEverywhere(
      {"image", "prune", "--all", "--force"}, 1,
      [&] {
        Do({"image", "load", x_});
        Do({"image", "load", y_});
      },
      [&] {
        Do({"image", "prune", "--all", "--force"});
        ExpectClean("0 images, 0 layers, 0 blobs");
      });
}

}  // namespace
}  // namespace pelagos::rooted
