// `pelagos run` killed before each of its system calls: the next command leaves nothing.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"
#include "tests/rooted/traced.h"

namespace pelagos::rooted {
namespace {

class RunKilledTest : public RunTest {
 protected:
  // Runs `pelagos WORDS` up to its system call number `last`, which is not done any more; returns
  // how many it has begun.
  int RunUpTo(int last, const Words& words) {
    return TracePelagos(*world_, words, /*children=*/false,
                        [last](const TracedCall& call) {
                          return call.n == last ? AtCall::kKill : AtCall::kGoOn;
                        })
        .calls;
  }

  void KillEverywhere(const Words& words, int stride) {
    const int calls = RunUpTo(-1, words);
    ASSERT_GT(calls, 50);
    int left = 0;
    for (int last = 1; last <= calls; last += stride) {
      SCOPED_TRACE(absl::StrCat("killed before its call ", last, " of ", calls));
      RunUpTo(last, words);
      const auto ids = sys::ListFolder(world_->run_root() + "/containers");
      left += ids.ok() && !ids->empty() ? 1 : 0;
      ExpectNextIsFine({"run", "--rm", "busybox", "true"});
      if (HasFailure()) return;
    }
    EXPECT_GT(left, 20 / stride) << "there was something to remove";
  }

  void ExpectNextIsFine(const Words& words) {
    const Outcome next = world_->Pelagos(words);
    EXPECT_EQ(next.code, 0) << next.Describe();
    EXPECT_EQ(next.err, "") << next.Describe();
    world_->ExpectNoResidue("a killed run, and another one");
  }
};

TEST_F(RunKilledTest, BeforeEachOfItsCalls) {
  ASSERT_EQ(Run({}, "true").code, 0);  // loads the image
  KillEverywhere({"run", "--rm", "busybox", "true"}, 1);
}

TEST_F(RunKilledTest, WithAllThatCanBeLeft) {
  ASSERT_EQ(Run({}, "true").code, 0);
  KillEverywhere({"run", "--rm", "--name", "all", "--init", "--memory", "64m", "--pids-limit",
                  "100", "--tmpfs", "/scratch", "--hostname", "h", "busybox", "sh", "-c",
                  "echo x > /scratch/x; echo y > /y; sleep 100 & true"},
                 3);
}

// The namesake starts from the image, not from what the killed one wrote.
TEST_F(RunKilledTest, NothingOfItIsInItsNamesake) {
  const auto killed = world_->Start({"run", "--rm", "--name", "n", "busybox", "sh", "-c",
                                     "echo old > /old; echo written; sleep 1000"});
  ASSERT_TRUE(killed->AwaitLine("written"));
  const Outcome second = world_->Pelagos({"run", "--rm", "--name", "n", "busybox", "true"});
  EXPECT_EQ(second.code, 125) << second.Describe();
  EXPECT_TRUE(absl::StrContains(second.err, "already exists and is running")) << second.Describe();
  killed->Signal(SIGKILL);
  killed->Wait();
  for (const pid_t child : Descendants()) ASSERT_TRUE(AwaitEnd(child));
  ExpectNextIsFine({"run", "--rm", "--name", "n", "busybox", "sh", "-c", "test ! -e /old"});
}

// Others run while some are killed: they lose nothing, and find what is left.
TEST_F(RunKilledTest, ManyAtOnce) {
  ASSERT_EQ(Run({}, "true").code, 0);
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    std::vector<std::unique_ptr<Program>> killed, others;
    for (int i = 0; i < 4; ++i) {
      killed.push_back(
          world_->Start({"run", "--rm", "busybox", "sh", "-c", "echo up; sleep 1000"}));
    }
    for (int i = 0; i < 4; ++i) {
      if (i != 0) {  // one is killed on its way
        ASSERT_TRUE(killed[i]->AwaitLine("up"));
      }
      killed[i]->Signal(SIGKILL);
      others.push_back(world_->Start({"run", "--rm", "--name", absl::StrCat("o", i), "busybox",
                                      "sh", "-c", "echo x > /x && cat /etc/hostname /x"}));
    }
    for (int i = 0; i < 4; ++i) {
      const Outcome outcome = others[i]->Wait();
      EXPECT_EQ(outcome.code, 0) << outcome.Describe();
      EXPECT_EQ(outcome.out, absl::StrCat("o", i, "\nx\n")) << outcome.Describe();
      EXPECT_EQ(outcome.err, "") << outcome.Describe();
      killed[i]->Wait();
    }
    for (const pid_t child : Descendants()) ASSERT_TRUE(AwaitEnd(child));
    ExpectNextIsFine({"run", "--rm", "busybox", "true"});
  }
}

}  // namespace
}  // namespace pelagos::rooted
