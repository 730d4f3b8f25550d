// `pelagos logs`, of containers that are kept and of services.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class LogsTest : public RunTest {
 protected:
  void StartDetached(const std::string& name, const std::string& script, const Words& flags = {}) {
    Words words = {"run", "-d", "--name", name};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sh", "-c", script});
    const Outcome outcome = world_->Pelagos(words);
    ASSERT_EQ(outcome.code, 0) << outcome.Describe();
  }
  void Do(const Words& words) {
    const Outcome outcome = world_->Pelagos(words);
    ASSERT_EQ(outcome.code, 0) << outcome.Describe();
  }
  void AwaitEnd(const std::string& name) { Do({"wait", name}); }
  Outcome Logs(Words words) {
    words.insert(words.begin(), "logs");
    return world_->Pelagos(words);
  }
  std::string Out(Words words) {
    const Outcome outcome = Logs(std::move(words));
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }
  void Remove(const std::string& name) {
    const Outcome outcome = world_->Pelagos({"rm", "-f", name});
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  }
};

TEST_F(LogsTest, WhatAContainerWroteByStreamAndAcrossRestarts) {
  StartDetached("c", "echo one; echo two >&2; printf three");
  AwaitEnd("c");
  Outcome logs = Logs({"c"});
  EXPECT_EQ(logs.code, 0);
  EXPECT_EQ(logs.out, "one\nthree");
  EXPECT_EQ(logs.err, "two\n");
  Do({"restart", "c"});
  AwaitEnd("c");
  logs = Logs({"c"});
  EXPECT_EQ(logs.out, "one\nthreeone\nthree");
  EXPECT_EQ(logs.err, "two\ntwo\n");
  Remove("c");
  EXPECT_EQ(Logs({"c"}).code, 1);
  world_->ExpectNoResidue("rm");
}

TEST_F(LogsTest, TailTimesSinceAndUntil) {
  StartDetached("c", "for i in 1 2 3 4 5; do echo $i; done");
  AwaitEnd("c");
  EXPECT_EQ(Out({"--tail", "2", "c"}), "4\n5\n");
  EXPECT_EQ(Out({"-n0", "c"}), "");
  EXPECT_EQ(Out({"-n", "all", "c"}), "1\n2\n3\n4\n5\n");
  EXPECT_EQ(Out({"--since", "10m", "c"}), "1\n2\n3\n4\n5\n");
  EXPECT_EQ(Out({"--until", "10m", "c"}), "");
  EXPECT_EQ(Out({"--since", "2999-01-01", "c"}), "");
  const std::vector<std::string> lines = absl::StrSplit(Out({"-t", "c"}), '\n');
  ASSERT_EQ(lines.size(), 6u);
  absl::Time at;
  std::string error;
  const std::pair<std::string, std::string> first = absl::StrSplit(lines[0], ' ');
  EXPECT_EQ(first.second, "1");
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, first.first, &at, &error)) << error;
  EXPECT_LT(absl::AbsDuration(absl::Now() - at), absl::Minutes(5));
  Remove("c");
}

TEST_F(LogsTest, FollowsUntilTheContainerEndsAcrossItsRestartPolicy) {
  StartDetached("c", "i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i; sleep 0.02; done");
  const auto logs = world_->Start({"logs", "-f", "c"});
  for (int i = 1; i <= 30; ++i) EXPECT_EQ(logs->NextLine(), absl::StrCat("line ", i));
  EXPECT_EQ(logs->NextLine(), std::nullopt);
  EXPECT_EQ(logs->Wait().code, 0);
  Remove("c");
  // Ended already: nothing to wait for.
  StartDetached("d", "echo done");
  AwaitEnd("d");
  EXPECT_EQ(Out({"-f", "d"}), "done\n");
  Remove("d");
  // Four runs are one log; what is followed goes on across restarts.
  StartDetached("e", "echo run; exit 3");
  EXPECT_EQ(world_->Pelagos({"wait", "e"}).out, "3\n");
  Do({"update", "--restart", "on-failure:2", "e"});
  Do({"restart", "e"});
  EXPECT_EQ(Out({"-f", "e"}), "run\nrun\nrun\nrun\n");
  Remove("e");
  world_->ExpectNoResidue("rm");
}

TEST_F(LogsTest, FollowedByTailZeroSeesTheNewAlone) {
  StartDetached("c", "echo old; read line; echo new; exec sleep 1000", {"-i"});
  const auto logs = world_->Start({"logs", "-f", "--tail", "1", "c"});
  EXPECT_EQ(logs->NextLine(), "old");
  EXPECT_FALSE(logs->Ended());
  Remove("c");  // kills it, and the log goes: the following ends
  logs->Wait();
  EXPECT_EQ(logs->NextLine(), std::nullopt);
}

TEST_F(LogsTest, ATerminalsBytesAreAsTheyWere) {
  StartDetached("c", "printf 'here\\n$ '; exec sleep 1000", {"-t"});
  const auto logs = world_->Start({"logs", "-f", "c"});
  // The prompt has no new-line: it is there nevertheless.
  const absl::Time deadline = absl::Now() + kPatience;
  std::string text;
  while (text != "here\r\n$ " && absl::Now() < deadline) text = Out({"c"});
  EXPECT_EQ(text, "here\r\n$ ");
  EXPECT_EQ(logs->NextLine(), "here\r");  // it follows, and misses nothing
  Remove("c");
  EXPECT_EQ(logs->Wait().out, "here\r\n$ ");
}

TEST_F(LogsTest, OfServicesToo) {
  world_->Write("talk.reml", R"((compose-up
  (compose (network "net")
           (service "one" '(image "busybox") '(network "net") '(stop-grace-period 0)
             (list 'command "sh" "-c" "echo hello; echo warns >&2; exec sleep 1000"))
           (service "job" '(image "busybox") '(network "net")
             (list 'command "sh" "-c" "echo did it")))
  "talk"))");
  const Outcome up = world_->Pelagos({"compose", "up", "-f", "talk.reml"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  const Outcome one = Logs({"talk-one"});
  EXPECT_EQ(one.code, 0) << one.Describe();
  EXPECT_EQ(one.out, "hello\n");
  EXPECT_EQ(one.err, "warns\n");
  EXPECT_EQ(Out({"-f", "talk-job"}), "did it\n");
  const auto logs = world_->Start({"logs", "-f", "talk-one"});
  EXPECT_EQ(logs->NextLine(), "hello");
  Do({"compose", "down", "-p", "talk"});
  EXPECT_EQ(logs->Wait().code, 0);
  world_->ExpectNoResidue("down");
}

TEST_F(LogsTest, DetailsAreABlank) {
  Do({"run", "-d", "--name", "c", "busybox", "printf", "a\\nb"});
  Do({"wait", "c"});
  EXPECT_EQ(Out({"--details", "c"}), " a\n b");
  const std::string timed = Out({"--details", "-t", "-n", "1", "c"});
  EXPECT_TRUE(absl::EndsWith(timed, "Z  b")) << timed;
  Do({"rm", "c"});
}

TEST_F(LogsTest, WhatIsNoLog) {
  Outcome outcome = Logs({"nobody"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "pelagos: error: no container is named 'nobody'\n");
  EXPECT_EQ(Logs({}).code, 2);
  EXPECT_EQ(Logs({"a", "b"}).code, 2);
  EXPECT_EQ(Logs({"--tail", "x", "a"}).code, 2);
  EXPECT_EQ(Logs({"--since", "tomorrow", "a"}).code, 2);
  const auto foreground =
      world_->Start({"run", "--rm", "--name", "f", "busybox", "sh", "-c", "echo up; sleep 1000"});
  ASSERT_EQ(foreground->NextLine(), "up");
  outcome = Logs({"f"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(absl::StrContains(outcome.err, "container 'f' runs in the foreground"))
      << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
