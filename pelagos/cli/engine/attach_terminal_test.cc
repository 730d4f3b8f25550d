// At a terminal: its modes, its size, keys that detach, and what stops or ends us.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/cli/engine/attach_client.h"
#include "pelagos/cli/engine/attach_client_testing.h"
#include "pelagos/container/attach_protocol.h"

namespace pelagos::cli {
namespace {

TEST_F(AttachClientTest, ATerminalIsRawMeanwhile) {
  StartAtTerminal(AtTerminal());
  EXPECT_EQ(Heard(), kSize);
  EXPECT_TRUE(IsRaw());
  Type("a\x03\x04\r");
  EXPECT_EQ(Heard(), "ia\x03\x04\r");
  Say("oshown\r\n");
  EXPECT_TRUE(Shown("shown\r\n"));
  const winsize size = {300, 100, 0, 0};
  ASSERT_EQ(::ioctl(master_.get(), TIOCSWINSZ, &size), 0);
  EXPECT_EQ(Heard(), std::string("w\x2c\x01\x64\0", 5));
  Say("x\x05");
  EXPECT_EQ(Wait(), 5);
  EXPECT_TRUE(IsAsBefore());
}

TEST_F(AttachClientTest, AnotherSizeFirstToDrawAnew) {
  AttachOptions options = AtTerminal();
  options.redraw = true;
  StartAtTerminal(options);
  EXPECT_EQ(Heard(), std::string("w\x19\0\x50\0", 5));
  EXPECT_EQ(Heard(), kSize);
  Say("x\x05");
  EXPECT_EQ(Wait(), 5);
}

TEST_F(AttachClientTest, KeysDetach) {
  StartAtTerminal(AtTerminal());
  EXPECT_EQ(Heard(), kSize);
  Type("a\x10");
  EXPECT_EQ(Heard(), "ia");
  Type("b");
  EXPECT_EQ(Heard(),
            "i\x10"
            "b");
  Type("last\x10\x11not");
  EXPECT_EQ(Heard(), "ilast");
  EXPECT_EQ(Wait(), kDetachedCode);
  EXPECT_EQ(Heard(), "");
  EXPECT_TRUE(IsAsBefore());
}

// Of a container without a terminal ours is not raw, and the keys are bytes as others are.
TEST_F(AttachClientTest, OurTerminalAloneStaysAsItIs) {
  AttachOptions options = AtTerminal();
  options.terminal = false;
  StartAtTerminal(options);
  Type("a\x10\x11\n");
  EXPECT_EQ(Heard(), "ia\x10\n");  // of which Ctrl-Q is the terminal's own
  EXPECT_TRUE(IsAsBefore());
  Type("\x04");
  EXPECT_EQ(Heard(), "e");
  Type("\x03");
  EXPECT_EQ(Heard(), absl::StrCat("s", std::string(1, SIGINT)));
  Say("x\x05");
  EXPECT_EQ(Wait(), 5);
}

TEST_F(AttachClientTest, WhatEndsUsPutsTheTerminalBack) {
  for (const auto& [signal, passes] :
       {std::pair(SIGTERM, false), std::pair(SIGINT, false), std::pair(SIGHUP, true)}) {
    SetUp();
    AttachOptions options = AtTerminal();
    options.pass_signals_on = passes;
    StartAtTerminal(options);
    EXPECT_EQ(Heard(), kSize);
    ASSERT_TRUE(IsRaw());
    ASSERT_EQ(::kill(pid_, signal), 0);
    EXPECT_EQ(Wait(), 128 + signal);
    EXPECT_TRUE(IsAsBefore());
  }
  SetUp();
  StartAtTerminal(AtTerminal());
  EXPECT_EQ(Heard(), kSize);
  Say("?");
  EXPECT_EQ(Wait(), kErrorCode);
  EXPECT_TRUE(IsAsBefore());
}

TEST_F(AttachClientTest, ATerminalThatIsHungUpDetaches) {
  StartAtTerminal(AtTerminal());
  EXPECT_EQ(Heard(), kSize);
  master_.reset();
  EXPECT_EQ(Wait(), 128 + SIGHUP);
}

TEST_F(AttachClientTest, StoppedItHasTheTerminalAsBefore) {
  // The group is no orphan, which could not be stopped: the client's parent is of its session.
  const winsize size = {24, 80, 0, 0};
  int master = -1, slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
  master_ = Fd(master);
  slave_ = Fd(slave);
  ASSERT_EQ(::tcgetattr(slave, &before_), 0);
  auto word = Pipe();
  const pid_t shell = ::fork();
  ASSERT_GE(shell, 0);
  if (shell == 0) {
    master_.reset();
    ::login_tty(slave);
    ::signal(SIGTTOU, SIG_IGN);
    Start(AtTerminal(), [] { ::setpgid(0, 0); });
    ::setpgid(pid_, pid_);
    ::tcsetpgrp(0, pid_);
    monitor_.reset();
    word.first.reset();
    ::signal(SIGTTOU, SIG_DFL);
    if (::write(word.second.get(), &pid_, sizeof(pid_)) != sizeof(pid_)) ::_exit(1);
    int status = 0;
    while (::waitpid(pid_, &status, WUNTRACED) == pid_) {
      const char what = WIFSTOPPED(status) ? 's' : 'e';
      if (::write(word.second.get(), &what, 1) != 1) ::_exit(1);
      if (what == 'e') ::_exit(WEXITSTATUS(status));
    }
    ::_exit(1);
  }
  clients_.reset();
  word.second.reset();
  pid_t client = 0;
  ASSERT_EQ(::read(word.first.get(), &client, sizeof(client)), ssize_t{sizeof(client)});
  EXPECT_EQ(Heard(), kSize);
  EXPECT_TRUE(IsRaw());
  ASSERT_EQ(::kill(client, SIGTSTP), 0);
  char what = 0;
  ASSERT_TRUE(Await(word.first.get(), POLLIN));
  ASSERT_EQ(::read(word.first.get(), &what, 1), 1);
  EXPECT_EQ(what, 's');
  EXPECT_TRUE(IsAsBefore());
  ASSERT_EQ(::kill(client, SIGCONT), 0);
  EXPECT_EQ(Heard(), kSize);
  EXPECT_TRUE(IsRaw());
  Say("x\x05");
  pid_ = shell;
  EXPECT_EQ(Wait(), 5);
  EXPECT_TRUE(IsAsBefore());
}

TEST_F(AttachClientTest, AStoppedTerminalDoesNotStopSignals) {
  StartAtTerminal(AtTerminal());
  EXPECT_EQ(Heard(), kSize);
  ASSERT_EQ(::tcflow(slave_.get(), TCOOFF), 0);
  Say("o" + std::string(container::kMostAttachBytes, 'x'));
  Type("typed");
  EXPECT_EQ(Heard(), "ityped");
  ASSERT_EQ(::kill(pid_, SIGTERM), 0);
  EXPECT_EQ(Heard(), absl::StrCat("s", std::string(1, SIGTERM)));
  ASSERT_EQ(::tcflow(slave_.get(), TCOON), 0);
  Say("othe end");
  EXPECT_TRUE(Shown("the end"));
  Say("x\x05");
  EXPECT_EQ(Wait(), 5);
}

TEST(OpenMissingStreamsTest, ClosedOnesBecomeDevNull) {
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    ::close(0);
    ::close(2);
    if (!OpenMissingStreams().ok()) ::_exit(1);
    char byte = 0;
    if (::read(0, &byte, 1) != 0) ::_exit(2);
    if (::write(2, "x", 1) != 1) ::_exit(3);
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace pelagos::cli
