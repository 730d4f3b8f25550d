// Containers that are kept, at a terminal: run -it, attach and exec -it through a pseudo terminal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/rooted/at_terminal.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/program.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

// Words are put together by the shell, so that the echo of what is typed is not taken for output.
class AttachTest : public RunTest {
 protected:
  // At a terminal.
  void Start(Words words) {
    words.insert(words.begin(), Runfile("tools/pelagos"));
    at_.Start(std::move(words), Environment());
  }
  std::vector<std::string> Environment() const {
    return {absl::StrCat("PATH=", kPath), absl::StrCat("PELAGOS_ROOT=", world_->data_root()),
            absl::StrCat("PELAGOS_RUN_ROOT=", world_->run_root()), "PS1=$ "};
  }
  void Do(const Words& words) {
    const Outcome outcome = world_->Pelagos(words);
    ASSERT_EQ(outcome.code, 0) << outcome.Describe();
  }
  void Down() {
    Do({"rm", "-f", "box"});
    world_->ExpectNoResidue("what was done at a terminal");
  }

  AtTerminal at_;
};

TEST_F(AttachTest, DetachAndComeBack) {
  Start({"run", "-it", "--name", "box", "busybox", "sh"});
  at_.Type("echo fi''rst; stty size; kept=value\n");
  at_.Await("first\r\n24 80\r\n");
  EXPECT_TRUE(at_.IsRaw());
  // A beginning of the keys that does not complete goes in.
  // The shell has put its terminal back when the first of the two runs.
  at_.Type("echo co''oked; cat -v\n");
  at_.Await("cooked\r\n");
  at_.Type("be\x10");
  at_.Type("gun\n");
  at_.Await("be^Pgun\r\n");
  at_.Type("\x04");
  at_.Type("\x10\x11");
  EXPECT_EQ(at_.Wait(), 0);
  at_.ExpectAsBefore();

  Start({"attach", "box"});
  at_.Type("echo $kept\n");
  at_.Await("value\r\n");
  at_.Resize(30, 100);
  at_.Type("until test \"$(stty size)\" = '30 100'; do :; done; echo re''sized\n");
  at_.Await("resized");
  at_.Type(R"(sh -c 'trap "echo ca\\ught; exit 3" INT; echo go\ing; while :; do :; done')"
           "\n");
  at_.Await("going");
  at_.Type("\x03");
  at_.Await("caught");
  at_.Type("exit 7\n");
  EXPECT_EQ(at_.Wait(), 7);
  at_.ExpectAsBefore();
  Down();
}

TEST_F(AttachTest, OtherKeysAndNone) {
  Do({"run", "-dit", "--name", "box", "busybox", "sh"});
  Start({"attach", "--detach-keys", "ctrl-a,d", "box"});
  at_.Type("echo he''re\n");
  at_.Await("here");
  at_.Type("\x01");
  at_.Type("d");
  EXPECT_EQ(at_.Wait(), 0);
  Start({"attach", "--detach-keys", "", "box"});
  at_.Type("echo ag''ain; cat -v\n");
  at_.Await("again");
  at_.Type("\x10\x16\x11\n");  // ^V has the terminal take ^Q for a character
  at_.Await("^P^Q");
  at_.Type(
      "\x04"
      "exit 2\n");
  EXPECT_EQ(at_.Wait(), 2);
  const Outcome wrong = world_->Pelagos({"attach", "--detach-keys", "up", "box"});
  EXPECT_EQ(wrong.code, 2) << wrong.Describe();
  EXPECT_THAT(wrong.err, HasSubstr("'up' is no key"));
  Down();
}

TEST_F(AttachTest, TwoAtOnce) {
  Do({"run", "-dit", "--name", "box", "busybox", "sh"});
  Start({"attach", "box"});
  at_.Type("echo he''re\n");
  at_.Await("here");
  AtTerminal other;
  other.Start({Runfile("tools/pelagos"), "attach", "box"}, Environment());
  other.Type("echo of the ot''her\n");
  other.Await("of the other");
  at_.Await("of the other");
  other.HangUp();
  EXPECT_EQ(other.Wait(), 128 + SIGHUP);
  at_.Type("exit 3\n");
  EXPECT_EQ(at_.Wait(), 3);
  Down();
}

// Whatever ends the one who is attached, the container goes on and the terminal is as before.
TEST_F(AttachTest, TheEndOfWhoIsAttachedIsNotTheContainers) {
  Do({"run", "-dit", "--name", "box", "busybox", "sh"});
  Start({"attach", "box"});
  at_.Type("echo he''re\n");
  at_.Await("here");
  at_.Signal(SIGHUP);
  EXPECT_EQ(at_.Wait(), 128 + SIGHUP);
  at_.ExpectAsBefore();
  Start({"attach", "--sig-proxy=false", "box"});
  at_.Type("echo th''ere\n");
  at_.Await("there");
  at_.Signal(SIGTERM);
  EXPECT_EQ(at_.Wait(), 128 + SIGTERM);
  at_.ExpectAsBefore();
  Start({"attach", "--no-stdin", "box"});
  at_.Signal(SIGKILL);
  EXPECT_EQ(at_.Wait(), -1);
  EXPECT_EQ(world_->Pelagos({"exec", "box", "echo", "lives"}).out, "lives\n");
  Down();
}

TEST_F(AttachTest, SignalsAreForTheProgram) {
  Do({"run", "-d", "--name", "box", "busybox", "sh", "-c",
      "trap 'echo caught; exit 4' TERM; while :; do echo going; sleep 1; done"});
  const auto attached = world_->Start({"attach", "box"});
  ASSERT_TRUE(attached->AwaitLine("going"));
  attached->Signal(SIGTERM);
  ASSERT_TRUE(attached->AwaitLine("caught"));
  EXPECT_EQ(attached->Wait().code, 4);
  Down();
}

TEST_F(AttachTest, WhatCannotBeAttachedTo) {
  const auto refused = [&](const Words& words, int code, const std::string& message) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_THAT(outcome.err, HasSubstr(message));
  };
  refused({"attach", "box"}, 1, "no container is named 'box'");
  refused({"attach"}, 2, "expected the name of one container");
  Do({"run", "-dit", "--name", "box", "busybox", "sh"});
  refused({"attach", "box"}, 1, "has a terminal, and our standard input is none");
  Do({"kill", "box"});
  Do({"wait", "box"});
  refused({"attach", "box"}, 1, "is not running: it is exited");
  Down();
}

// As with any program: Ctrl-Z of the shell above, here sent to the job, and fg.
TEST_F(AttachTest, AJobOfAShell) {
  Do({"run", "-dit", "--name", "box", "busybox", "sh"});
  at_.Start({"/bin/sh", "-i"}, Environment());
  at_.Await("$ ");
  at_.Type(absl::StrCat(Runfile("tools/pelagos"), " attach box\n"));
  at_.Type("echo in''side\n");
  at_.Await("inside");
  EXPECT_TRUE(at_.IsRaw());
  at_.SignalForeground(SIGTSTP);
  at_.Await("Stopped");
  at_.Await("$ ");
  EXPECT_FALSE(at_.IsRaw());
  at_.Type("echo out''side\n");
  at_.Await("outside");
  at_.Type("fg\n");
  at_.Type("echo ba''ck\n");
  at_.Await("back");
  EXPECT_TRUE(at_.IsRaw());
  // And stopped without being asked: the shell has changed the terminal meanwhile.
  at_.SignalForeground(SIGSTOP);
  at_.Await("Stopped");
  at_.Await("$ ");
  at_.Type("fg\n");
  at_.Await("attach box");  // before, the shell would read on: the terminal is raw still
  at_.Type("echo on''ce more\n");
  at_.Await("once more");
  EXPECT_TRUE(at_.IsRaw());
  at_.Type("exit 5\n");
  at_.Await("$ ");
  at_.Type("exit 6\n");
  EXPECT_EQ(at_.Wait(), 6);
  Down();
}

TEST_F(AttachTest, ExecAtATerminal) {
  Do({"run", "-d", "--name", "box", "busybox", "sleep", "1000"});
  Start({"exec", "-it", "box", "sh"});
  at_.Type("echo a''nswer; tty; stty size; echo $TERM\n");
  at_.Await("answer\r\n/dev/pts/0\r\n24 80\r\nxterm\r\n");
  EXPECT_TRUE(at_.IsRaw());
  at_.Type(R"(sh -c 'trap "echo ca\\ught; exit 3" INT; echo go\ing; while :; do :; done')"
           "\n");
  at_.Await("going");
  at_.Type("\x03");
  at_.Await("caught");
  at_.Resize(30, 100);
  at_.Type("until test \"$(stty size)\" = '30 100'; do :; done; echo re''sized\n");
  at_.Await("resized");
  at_.Await("# ");  // it reads keys again: an end typed before would be its loop's
  at_.Type("\x04");
  EXPECT_EQ(at_.Wait(), 0);
  at_.ExpectAsBefore();
  Start({"exec", "-it", "box", "no-such-program"});
  at_.Await("no-such-program");
  EXPECT_EQ(at_.Wait(), 127);
  at_.ExpectAsBefore();
  Down();
}

TEST_F(AttachTest, DetachedFromExecItGoesOn) {
  Do({"run", "-d", "--name", "box", "busybox", "sleep", "1000"});
  Start({"exec", "-it", "box", "sh"});
  at_.Type("echo he''re; trap '' HUP; sleep 2000; echo afterwards > /done\n");
  at_.Await("here");
  at_.Type("\x10\x11");
  EXPECT_EQ(at_.Wait(), 0);
  at_.ExpectAsBefore();
  const Outcome went_on = world_->Pelagos(
      {"exec", "box", "sh", "-c",
       "until kill -9 $(ps | grep '[s]leep 2000' | sed 's/^ *//; s/ .*//') 2>/dev/null; do :; done;"
       "until test -s /done; do :; done; cat /done"});
  EXPECT_EQ(went_on.out, "afterwards\n") << went_on.Describe();
  Down();
}

TEST_F(AttachTest, ExecThatIsKilledOrHungUpLeavesNothing) {
  Do({"run", "-d", "--name", "box", "busybox", "sleep", "1000"});
  for (const bool killed : {true, false}) {
    Start({"exec", "-it", "box", "sh", "-c", "trap '' HUP; echo re''ady; exec sleep 2000"});
    at_.Await("ready");
    if (killed) {
      at_.Signal(SIGKILL);
    } else {
      at_.HangUp();
    }
    at_.Wait();
    Do({"exec", "box", "sh", "-c", "while ps | grep -q '[s]leep 2000'; do :; done"});
  }
  Down();
}

}  // namespace
}  // namespace pelagos::rooted
