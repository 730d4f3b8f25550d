// `pelagos run` at a terminal, with -i, -t, both and neither: what is typed, what is shown, sizes,
// Ctrl-C, and our own terminal as it was before.

#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/at_terminal.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

class TerminalTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (!IsSkipped()) world_ = std::make_unique<World>();
  }
  // `pelagos run FLAGS busybox WORDS`.
  void Start(std::vector<std::string> words) {
    words.insert(words.begin(), {Runfile("tools/pelagos"), "run"});
    at_.Start(std::move(words),
              {absl::StrCat("PATH=", kPath), absl::StrCat("PELAGOS_ROOT=", world_->data_root()),
               absl::StrCat("PELAGOS_RUN_ROOT=", world_->run_root())});
  }

  std::unique_ptr<World> world_;
  AtTerminal at_;
};

// Words are put together by the shell, so that the echo of what is typed is not taken for output.
TEST_F(TerminalTest, AShellAtATerminal) {
  Start({"-it", "busybox", "sh"});
  at_.Type("echo a''nswer; tty; stty size; echo $TERM\n");
  at_.Await("answer\r\n/dev/pts/0\r\n24 80\r\nxterm\r\n");
  at_.Type(
      "test -c /dev/console && echo to-console > /dev/console; stat -c '%u %t' /dev/console\n");
  at_.Await("to-console\r\n0 88\r\n");
  at_.Type(R"(sh -c 'trap "echo ca\\ught; exit 3" INT; echo go\ing; while :; do :; done')"
           "\n");
  at_.Await("going");
  at_.Type("\x03");
  at_.Await("caught");
  at_.Resize(30, 100);
  at_.Type("until test \"$(stty size)\" = '30 100'; do :; done; echo re''sized\n");
  at_.Await("resized");
  at_.Type("exit 5\n");
  EXPECT_EQ(at_.Wait(), 5);
  at_.ExpectAsBefore();
}

TEST_F(TerminalTest, ItIsTheUsers) {
  Start({"-it", "--user", "1000", "--init", "busybox", "sh"});
  at_.Type("stat -c %u:%g:%a /dev/pts/0; cat /proc/1/comm; jobs; echo up > /dev/tty\n");
  at_.Await("1000:5:620\r\npelagos-init\r\nup\r\n");
  at_.Await("$ ");  // before its prompt the shell takes no keys, only lines
  at_.Type("\x04");
  EXPECT_EQ(at_.Wait(), 0);
  at_.ExpectAsBefore();
}

// All of what the program said is shown, though it ended at once.
TEST_F(TerminalTest, NothingOfTheEndIsLost) {
  Start({"-t", "busybox", "sh", "-c", "seq 1 2000; echo the-end"});
  at_.Await("2000");
  at_.Await("the-end");
  EXPECT_EQ(at_.Wait(), 0);
}

// As Docker: nothing that is typed goes in, and our terminal keeps its modes.
TEST_F(TerminalTest, OnlyATerminalForItsOutput) {
  Start({"-t", "busybox", "sh", "-c",
         "stty -icanon -echo min 0 time 0; test -t 0 && test -t 1 && tty; stty size;"
         "trap 'echo got:$(dd bs=99 count=1 2>/dev/null):; exit 4' TERM;"
         "echo ready; while :; do :; done"});
  at_.Await("/dev/pts/0");
  at_.Await("24 80");
  at_.Await("ready");
  at_.ExpectAsBefore();
  at_.Type("secret\n");
  at_.Await("secret");  // the echo of our own terminal
  at_.Signal(SIGTERM);
  at_.Await("got::");
  EXPECT_EQ(at_.Wait(), 4);
  at_.ExpectAsBefore();
}

// Without -t no descriptor of the container is our terminal, with which it could read what is
// typed, or change its modes.
TEST_F(TerminalTest, NoneOfItsOwnAndNotOurs) {
  Start({"busybox", "sh", "-c",
         "for n in 0 1 2; do test -t $n && echo is a terminal; readlink /proc/self/fd/$n; done;"
         "cat; echo end; echo error >&2; exit 6"});
  at_.Await("/dev/null");
  at_.Await("pipe:");
  at_.Await("pipe:");
  at_.Await("end");
  at_.Await("error");
  EXPECT_EQ(at_.Wait(), 6);
  EXPECT_FALSE(absl::StrContains(at_.shown(), "is a terminal")) << at_.shown();
  at_.ExpectAsBefore();
}

TEST_F(TerminalTest, WhatIsTypedWithoutATerminal) {
  Start({"-i", "--user", "1000", "busybox", "sh", "-c",
         "test -t 0 || echo no terminal; while read -r line; do echo \"<$line>\"; done; echo end"});
  at_.Await("no terminal");
  at_.ExpectAsBefore();
  at_.Type("one\ntwo\n");
  at_.Await("<one>");
  at_.Await("<two>");
  at_.Type("\x04");
  at_.Await("end");
  EXPECT_EQ(at_.Wait(), 0);
}

// A program that reads no more, or not yet, is no obstacle.
TEST_F(TerminalTest, WhatIsTypedAndNotRead) {
  Start({"-i", "busybox", "sh", "-c", "exec 0</dev/null; echo closed; sleep 0; read x; exit 3"});
  at_.Await("closed");
  at_.Type("for nobody\n");
  EXPECT_EQ(at_.Wait(), 3);
}

TEST_F(TerminalTest, CtrlCIsForTheProgram) {
  Start({"busybox", "sh", "-c",
         "trap 'echo ca''ught; exit 3' INT; echo go''ing; while :; do :; done"});
  at_.Await("going");
  at_.Type("\x03");
  at_.Await("caught");
  EXPECT_EQ(at_.Wait(), 3);
  at_.ExpectAsBefore();
}

TEST_F(TerminalTest, AFailureLeavesTheTerminalAsItWas) {
  Start({"-it", "busybox", "/no/such"});
  at_.Await("no such file");
  EXPECT_EQ(at_.Wait(), 127);
  at_.ExpectAsBefore();
}

TEST_F(TerminalTest, WithoutATerminalOfOurOwn) {
  const Outcome outcome = world_->Pelagos({"run", "--rm", "-it", "busybox", "true"});
  EXPECT_EQ(outcome.code, 1) << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.err, "need a terminal as standard input"))
      << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
