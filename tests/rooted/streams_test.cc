// The standard streams of `pelagos run` without a terminal, and the signals that it passes on.

#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class StreamsTest : public RunTest {
 protected:
  // A script of the machine; $PELAGOS is the program.
  Outcome Script(const std::string& script) {
    return world_->Tool(
        {"sh", "-c", absl::StrCat("PELAGOS=", Runfile("tools/pelagos"), "; ", script)});
  }
};

TEST_F(StreamsTest, InputOnlyWhenAskedFor) {
  // What it does not read is there for the next.
  const Outcome without =
      Script("printf 'one\\ntwo\\n' | { $PELAGOS run --rm busybox cat; echo then; cat; }");
  EXPECT_EQ(without.code, 0) << without.Describe();
  EXPECT_EQ(without.out, "then\none\ntwo\n") << without.Describe();
  const Outcome null = Script("echo x | $PELAGOS run --rm busybox readlink /proc/self/fd/0");
  EXPECT_EQ(null.out, "/dev/null\n") << null.Describe();
  const Outcome with = Script("printf 'one\\ntwo\\n' | $PELAGOS run --rm -i busybox cat");
  EXPECT_EQ(with.out, "one\ntwo\n") << with.Describe();
  const Outcome file = Script("echo hello > f; $PELAGOS run --rm -i --user 1000 busybox cat < f");
  EXPECT_EQ(file.out, "hello\n") << file.Describe();
}

TEST_F(StreamsTest, MuchGoesThroughUnchanged) {
  const Outcome outcome = Script(
      "seq 1 200000 > f; cksum < f; $PELAGOS run --rm -i busybox cat < f | cksum;"
      "cat f | $PELAGOS run --rm -i busybox cat | cksum");
  const std::string once = outcome.out.substr(0, outcome.out.find('\n') + 1);
  EXPECT_EQ(outcome.out, absl::StrCat(once, once, once)) << outcome.Describe();
}

TEST_F(StreamsTest, OutputsStayApart) {
  const Outcome outcome = Run({}, "echo out; echo err >&2");
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
}

// A reader that leaves ends the program as it would without us.
TEST_F(StreamsTest, AReaderThatLeaves) {
  const Outcome outcome = Script("$PELAGOS run --rm --init busybox yes | head -n 1");
  EXPECT_EQ(outcome.out, "y\n") << outcome.Describe();
  EXPECT_EQ(outcome.err, "") << outcome.Describe();
  world_->ExpectNoResidue("a reader that left");
}

TEST_F(StreamsTest, SignalsAreTheProgramsOwn) {
  for (const bool init : {false, true}) {
    SCOPED_TRACE(init ? "with --init" : "as the first process");
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
      SCOPED_TRACE(signal);
      Words words = {"run", "--rm"};
      if (init) words.push_back("--init");
      const std::string trap =
          absl::StrCat("trap 'echo got; exit 7' ", signal, "; echo up; while :; do :; done");
      words.insert(words.end(), {"busybox", "sh", "-c", trap});
      const auto program = world_->Start(words);
      ASSERT_TRUE(program->AwaitLine("up"));
      program->Signal(signal);
      const Outcome outcome = program->Wait();
      EXPECT_EQ(outcome.code, 7) << outcome.Describe();
      EXPECT_TRUE(absl::StrContains(outcome.out, "got\n")) << outcome.Describe();
    }
  }
  world_->ExpectNoResidue("signals");
}

// They are for the run, which ends, and takes the container with it: the program hears of nothing.
TEST_F(StreamsTest, SignalsThatAreNotPassedOn) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    const auto program =
        world_->Start({"run", "--rm", "--sig-proxy=false", "busybox", "sh", "-c",
                       "trap 'echo got' INT TERM USR1; echo up; while :; do :; done"});
    ASSERT_TRUE(program->AwaitLine("up"));
    program->Signal(signal);
    const Outcome outcome = program->Wait();
    EXPECT_EQ(outcome.code, 128 + signal) << outcome.Describe();
    EXPECT_EQ(outcome.out, "up\n") << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
  }
  EXPECT_EQ(Out({"--sig-proxy=false"}, "echo up"), "up\n");
  EXPECT_EQ(Out({"--sig-proxy"}, "echo up"), "up\n");
  EXPECT_EQ(Out({"--rm"}, "echo up"), "up\n");
  world_->ExpectNoResidue("runs that signals ended");
}

// The kernel shields the first process of a pid namespace from what it does not handle
// (pid_namespaces(7)); one below --init is not shielded.
TEST_F(StreamsTest, SignalsThatTheProgramDoesNotHandle) {
  const auto program = world_->Start(
      {"run", "--rm", "--init", "busybox", "sh", "-c", "echo up; while :; do :; done"});
  ASSERT_TRUE(program->AwaitLine("up"));
  program->Signal(SIGTERM);
  EXPECT_EQ(program->Wait().code, 128 + SIGTERM);
}

}  // namespace
}  // namespace pelagos::rooted
