// `image pull`, `load`, `rm` and `prune` killed with SIGKILL before each of their system calls, and
// of pelagos-image's, that changes something: the store is whole, the same command succeeds then,
// and nothing is left.

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
#include "pelagos/image/registry/fake_registry.h"
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
    x_ = world_->Write(
        "x.tar",
        LayoutForTests({base_, top_}, {image::Gzip(base_), image::Zstd(top_)}, "x:1").Pack());
    y_ = world_->Write("y.tar", LayoutForTests({base_}, {image::Gzip(base_)}, "y:2").Pack());
  }

  // Runs `pelagos WORDS`, and kills it and all that it has started before the call number `last` of
  // all of theirs that change something; false if they ended without so many.
  bool KilledBefore(int last, const Words& words) {
    std::set<pid_t> seen;
    int changes = 0;
    TracePelagos(*world_, words, /*children=*/true, [&](const TracedCall& call) {
      seen.insert(call.pid);
      if (!call.Changes() || ++changes != last) return AtCall::kGoOn;
      for (const pid_t pid : seen) ::kill(pid, SIGKILL);
      return AtCall::kKill;
    });
    return changes >= last;
  }

  // Before each of these calls: what it is killed before in between makes no difference. `prepare`
  // makes the store as the command finds it, `after` looks at what it left.
  void KillEverywhere(const Words& words, const std::function<void()>& prepare,
                      const std::function<void()>& after) {
    int left = 0, last = 1;
    for (;; ++last) {
      SCOPED_TRACE(absl::StrCat("killed before change ", last));
      prepare();
      const bool killed = KilledBefore(last, words);
      const Outcome fsck = world_->Pelagos({"image", "fsck"});
      EXPECT_EQ(fsck.code, 0) << fsck.Describe();
      EXPECT_FALSE(absl::StrContains(fsck.out, "damaged: ")) << fsck.Describe();
      left += absl::StrContains(fsck.out, "left over: ") ? 1 : 0;
      after();
      if (HasFailure()) return;
      if (!killed) break;
    }
    RecordProperty("kills", last - 1);
    EXPECT_GT(last, 20);
    EXPECT_GT(left, 5) << "it was never killed while there was something to remove";
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

  const std::string base_ = TarBuilder()
                                .Add({.name = "etc", .type = '5'})
                                .File("etc/passwd", "root:x:0:0::/:\n")
                                .File("a", std::string(1000, 'a'))
                                .Build();
  const std::string top_ = TarBuilder().File("b", "b").Build();
  std::unique_ptr<World> world_;
  std::string x_, y_;  // archives: x:1 of two layers, and y:2 of the lower one
};

TEST_F(ImageKilledTest, Load) {
  KillEverywhere(
      {"image", "load", x_}, [] {},
      [&] {
        Do({"image", "load", x_});
        ExpectClean("1 images, 2 layers, 4 blobs");
        Do({"image", "rm", "x:1"});
        ExpectClean("0 images, 0 layers, 0 blobs");
      });
}

// A layer in each format, from a registry on loopback.
TEST_F(ImageKilledTest, Pull) {
  image::FakeRegistry registry;
  const std::string plain = TarBuilder().File("c", std::string(3000, 'c')).Build();
  registry.AddImage("a/x", "1", {base_, top_, plain},
                    {image::Gzip(base_), image::Zstd(top_), plain});
  const std::string name = registry.host() + "/a/x:1";
  KillEverywhere(
      {"image", "pull", "--progress", "quiet", name}, [] {},
      [&] {
        Do({"image", "pull", "--progress", "quiet", name});
        ExpectClean("1 images, 3 layers, 5 blobs");
        Do({"image", "rm", name});
        ExpectClean("0 images, 0 layers, 0 blobs");
      });
}

TEST_F(ImageKilledTest, Remove) {
  Do({"image", "load", y_});
  KillEverywhere(
      {"image", "rm", "x:1"},
      [&] {
        Do({"image", "load", x_});
      },
      [&] {
        // It goes on where it was killed; unless that was at its very end.
        const Outcome again = world_->Pelagos({"image", "rm", "x:1"});
        if (again.code != 0) {
          EXPECT_EQ(again.err, "pelagos: error: image 'x:1' is not in the store\n");
        }
        EXPECT_FALSE(Has("library/x:1"));
        ExpectClean("1 images, 1 layers, 3 blobs");
        EXPECT_EQ(world_->Pelagos({"image", "rm", "--force", "x:1"}).code, 0);
      });
}

TEST_F(ImageKilledTest, Prune) {
  KillEverywhere(
      {"image", "prune", "--all", "--force"},
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
