// `pelagos run` killed before each of its system calls: the next command leaves nothing.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class RunKilledTest : public RunTest {
 protected:
  // Runs `pelagos WORDS` up to its system call number `last`, which is not done any more; returns
  // how many it has begun. Its children are not watched.
  int RunUpTo(int last, Words words) {
    words.insert(words.begin(), Runfile("tools/pelagos"));
    Words env = {absl::StrCat("PATH=", kPath), absl::StrCat("PELAGOS_ROOT=", world_->data_root()),
                 absl::StrCat("PELAGOS_RUN_ROOT=", world_->run_root())};
    std::vector<char*> argv, envp;
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& variable : env) envp.push_back(variable.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::execve(argv[0], argv.data(), envp.data());
      ::_exit(124);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);  // stopped by its execve
    EXPECT_TRUE(WIFSTOPPED(status)) << status;
    EXPECT_EQ(::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
              0);
    int begun = 0, signal = 0;
    bool is_entry = true;
    for (;;) {
      EXPECT_EQ(::ptrace(PTRACE_SYSCALL, pid, nullptr, signal), 0);
      EXPECT_EQ(::waitpid(pid, &status, 0), pid);
      if (!WIFSTOPPED(status)) break;
      const bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
      signal = is_call ? 0 : WSTOPSIG(status);
      if (!is_call) continue;
      if (is_entry && ++begun == last) {
        EXPECT_EQ(::kill(pid, SIGKILL), 0);
        EXPECT_EQ(::waitpid(pid, &status, 0), pid);
        break;
      }
      is_entry = !is_entry;
    }
    // Its container follows it. Only then its id is free.
    for (;;) {
      const std::vector<pid_t> left = Descendants();
      if (left.empty()) break;
      for (const pid_t child : left) EXPECT_TRUE(AwaitEnd(child)) << child;
    }
    return begun;
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
      ExpectNextIsFine({"run", "busybox", "true"});
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
  KillEverywhere({"run", "busybox", "true"}, 1);
}

TEST_F(RunKilledTest, WithAllThatCanBeLeft) {
  ASSERT_EQ(Run({}, "true").code, 0);
  KillEverywhere({"run", "--name", "all", "--init", "--memory", "64m", "--pids-limit", "100",
                  "--tmpfs", "/scratch", "--hostname", "h", "busybox", "sh", "-c",
                  "echo x > /scratch/x; echo y > /y; sleep 100 & true"},
                 3);
}

// The namesake starts from the image, not from what the killed one wrote.
TEST_F(RunKilledTest, NothingOfItIsInItsNamesake) {
  const auto killed = world_->Start(
      {"run", "--name", "n", "busybox", "sh", "-c", "echo old > /old; echo written; sleep 1000"});
  ASSERT_TRUE(killed->AwaitLine("written"));
  const Outcome second = world_->Pelagos({"run", "--name", "n", "busybox", "true"});
  EXPECT_EQ(second.code, 125) << second.Describe();
  EXPECT_TRUE(absl::StrContains(second.err, "already exists and is running")) << second.Describe();
  killed->Signal(SIGKILL);
  killed->Wait();
  for (const pid_t child : Descendants()) ASSERT_TRUE(AwaitEnd(child));
  ExpectNextIsFine({"run", "--name", "n", "busybox", "sh", "-c", "test ! -e /old"});
}

// Others run while some are killed: they lose nothing, and find what is left.
TEST_F(RunKilledTest, ManyAtOnce) {
  ASSERT_EQ(Run({}, "true").code, 0);
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    std::vector<std::unique_ptr<Program>> killed, others;
    for (int i = 0; i < 4; ++i) {
      killed.push_back(world_->Start({"run", "busybox", "sh", "-c", "echo up; sleep 1000"}));
    }
    for (int i = 0; i < 4; ++i) {
      if (i != 0) {  // one is killed on its way
        ASSERT_TRUE(killed[i]->AwaitLine("up"));
      }
      killed[i]->Signal(SIGKILL);
      others.push_back(world_->Start({"run", "--name", absl::StrCat("o", i), "busybox", "sh", "-c",
                                      "echo x > /x && cat /etc/hostname /x"}));
    }
    for (int i = 0; i < 4; ++i) {
      const Outcome outcome = others[i]->Wait();
      EXPECT_EQ(outcome.code, 0) << outcome.Describe();
      EXPECT_EQ(outcome.out, absl::StrCat("o", i, "\nx\n")) << outcome.Describe();
      EXPECT_EQ(outcome.err, "") << outcome.Describe();
      killed[i]->Wait();
    }
    for (const pid_t child : Descendants()) ASSERT_TRUE(AwaitEnd(child));
    ExpectNextIsFine({"run", "busybox", "true"});
  }
}

}  // namespace
}  // namespace pelagos::rooted
