// `pelagos run` at a terminal, with -i, -t, both and neither: what is typed, what is shown, sizes,
// Ctrl-C, and our own terminal as it was before.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/base/fd.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

class TerminalTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (!IsSkipped()) world_ = std::make_unique<World>();
  }
  void TearDown() override {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  // `pelagos run FLAGS busybox WORDS` with our pseudo terminal of 24 x 80.
  void Start(std::vector<std::string> words) {
    const winsize size = {24, 80, 0, 0};
    int master = -1, slave = -1;
    ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
    master_ = Fd(master);
    slave_ = Fd(slave);
    ASSERT_EQ(::tcgetattr(slave, &before_), 0);
    words.insert(words.begin(), {Runfile("tools/pelagos"), "run", "--rm"});
    std::vector<std::string> env = {absl::StrCat("PATH=", kPath),
                                    absl::StrCat("PELAGOS_ROOT=", world_->data_root()),
                                    absl::StrCat("PELAGOS_RUN_ROOT=", world_->run_root())};
    std::vector<char*> argv, envp;
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& variable : env) envp.push_back(variable.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    pid_ = ::fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      if (::login_tty(slave) != 0) ::_exit(124);
      ::execve(argv[0], argv.data(), envp.data());
      ::_exit(124);
    }
  }

  void Type(const std::string& text) {
    ASSERT_EQ(::write(master_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // Reads until `text` is shown, which then counts as seen.
  void Await(const std::string& text) {
    const absl::Time deadline = absl::Now() + kPatience;
    for (;;) {
      if (const size_t at = shown_.find(text, seen_); at != std::string::npos) {
        seen_ = at + text.size();
        return;
      }
      pollfd ready = {master_.get(), POLLIN, 0};
      char buffer[4096];
      const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
      const bool more = left > 0 && ::poll(&ready, 1, static_cast<int>(left)) == 1;
      const ssize_t size = more ? ::read(master_.get(), buffer, sizeof(buffer)) : -1;
      ASSERT_GT(size, 0) << "'" << text << "' is not shown: " << shown_;
      shown_.append(buffer, static_cast<size_t>(size));
    }
  }

  int Wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void ExpectTerminalAsBefore() {
    termios now = {};
    ASSERT_EQ(::tcgetattr(slave_.get(), &now), 0);
    EXPECT_EQ(now.c_lflag, before_.c_lflag);
    EXPECT_EQ(now.c_iflag, before_.c_iflag);
    EXPECT_EQ(now.c_oflag, before_.c_oflag);
    EXPECT_EQ(std::memcmp(now.c_cc, before_.c_cc, sizeof(now.c_cc)), 0);
  }

  std::unique_ptr<World> world_;
  Fd master_, slave_;
  termios before_ = {};
  pid_t pid_ = -1;
  std::string shown_;
  size_t seen_ = 0;
};

// Words are put together by the shell, so that the echo of what is typed is not taken for output.
TEST_F(TerminalTest, AShellAtATerminal) {
  Start({"-it", "busybox", "sh"});
  Type("echo a''nswer; tty; stty size; echo $TERM\n");
  Await("answer\r\n/dev/pts/0\r\n24 80\r\nxterm\r\n");
  Type("test -c /dev/console && echo to-console > /dev/console; stat -c '%u %t' /dev/console\n");
  Await("to-console\r\n0 88\r\n");
  Type(R"(sh -c 'trap "echo ca\\ught; exit 3" INT; echo go\ing; while :; do :; done')"
       "\n");
  Await("going");
  Type("\x03");
  Await("caught");
  const winsize size = {30, 100, 0, 0};
  ASSERT_EQ(::ioctl(master_.get(), TIOCSWINSZ, &size), 0);
  Type("until test \"$(stty size)\" = '30 100'; do :; done; echo re''sized\n");
  Await("resized");
  Type("exit 5\n");
  EXPECT_EQ(Wait(), 5);
  ExpectTerminalAsBefore();
}

TEST_F(TerminalTest, ItIsTheUsers) {
  Start({"-it", "--user", "1000", "--init", "busybox", "sh"});
  Type("stat -c %u:%g:%a /dev/pts/0; cat /proc/1/comm; jobs; echo up > /dev/tty\n");
  Await("1000:5:620\r\npelagos-init\r\nup\r\n");
  Await("$ ");  // before its prompt the shell takes no keys, only lines
  Type("\x04");
  EXPECT_EQ(Wait(), 0);
  ExpectTerminalAsBefore();
}

// All of what the program said is shown, though it ended at once.
TEST_F(TerminalTest, NothingOfTheEndIsLost) {
  Start({"-t", "busybox", "sh", "-c", "seq 1 2000; echo the-end"});
  Await("2000");
  Await("the-end");
  EXPECT_EQ(Wait(), 0);
}

// As Docker: nothing that is typed goes in, and our terminal keeps its modes.
TEST_F(TerminalTest, OnlyATerminalForItsOutput) {
  Start({"-t", "busybox", "sh", "-c",
         "stty -icanon -echo min 0 time 0; test -t 0 && test -t 1 && tty; stty size;"
         "trap 'echo got:$(dd bs=99 count=1 2>/dev/null):; exit 4' TERM;"
         "echo ready; while :; do :; done"});
  Await("/dev/pts/0");
  Await("24 80");
  Await("ready");
  ExpectTerminalAsBefore();
  Type("secret\n");
  Await("secret");  // the echo of our own terminal
  ASSERT_EQ(::kill(pid_, SIGTERM), 0);
  Await("got::");
  EXPECT_EQ(Wait(), 4);
  ExpectTerminalAsBefore();
}

// Without -t no descriptor of the container is our terminal, with which it could read what is
// typed, or change its modes.
TEST_F(TerminalTest, NoneOfItsOwnAndNotOurs) {
  Start({"busybox", "sh", "-c",
         "for n in 0 1 2; do test -t $n && echo is a terminal; readlink /proc/self/fd/$n; done;"
         "cat; echo end; echo error >&2; exit 6"});
  Await("/dev/null");
  Await("pipe:");
  Await("pipe:");
  Await("end");
  Await("error");
  EXPECT_EQ(Wait(), 6);
  EXPECT_FALSE(absl::StrContains(shown_, "is a terminal")) << shown_;
  ExpectTerminalAsBefore();
}

TEST_F(TerminalTest, WhatIsTypedWithoutATerminal) {
  Start({"-i", "--user", "1000", "busybox", "sh", "-c",
         "test -t 0 || echo no terminal; while read -r line; do echo \"<$line>\"; done; echo end"});
  Await("no terminal");
  ExpectTerminalAsBefore();
  Type("one\ntwo\n");
  Await("<one>");
  Await("<two>");
  Type("\x04");
  Await("end");
  EXPECT_EQ(Wait(), 0);
}

// A program that reads no more, or not yet, is no obstacle.
TEST_F(TerminalTest, WhatIsTypedAndNotRead) {
  Start({"-i", "busybox", "sh", "-c", "exec 0</dev/null; echo closed; sleep 0; read x; exit 3"});
  Await("closed");
  Type("for nobody\n");
  EXPECT_EQ(Wait(), 3);
}

TEST_F(TerminalTest, CtrlCIsForTheProgram) {
  Start({"busybox", "sh", "-c",
         "trap 'echo ca''ught; exit 3' INT; echo go''ing; while :; do :; done"});
  Await("going");
  Type("\x03");
  Await("caught");
  EXPECT_EQ(Wait(), 3);
  ExpectTerminalAsBefore();
}

TEST_F(TerminalTest, AFailureLeavesTheTerminalAsItWas) {
  Start({"-it", "busybox", "/no/such"});
  Await("no such file");
  EXPECT_EQ(Wait(), 127);
  ExpectTerminalAsBefore();
}

TEST_F(TerminalTest, WithoutATerminalOfOurOwn) {
  const Outcome outcome = world_->Pelagos({"run", "--rm", "-it", "busybox", "true"});
  EXPECT_EQ(outcome.code, 1) << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.err, "need a terminal as standard input"))
      << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
