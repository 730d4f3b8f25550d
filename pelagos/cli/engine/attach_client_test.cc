// What is carried, between streams that are no terminals.

#include "pelagos/cli/engine/attach_client.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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
#include "pelagos/cli/engine/attach_client_testing.h"
#include "pelagos/container/attach_protocol.h"

namespace pelagos::cli {
namespace {

TEST_F(AttachClientTest, CarriesTheStreamsAndTheExitCode) {
  auto in = Pipe(), out = Pipe(), err = Pipe();
  AttachOptions options;
  options.in = in.first.get();
  options.out = out.second.get();
  options.err = err.second.get();
  Start(options, [&] { in.second.reset(); });
  in.first.reset();
  out.second.reset();
  err.second.reset();
  ASSERT_EQ(::write(in.second.get(), "hello", 5), 5);
  EXPECT_EQ(Heard(), "ihello");
  in.second.reset();
  EXPECT_EQ(Heard(), "e");
  Say("oout");
  Say("eerr");
  Say("omore");
  Say("x\x2a");
  EXPECT_EQ(ReadAll(out.first), "outmore");
  EXPECT_EQ(ReadAll(err.first), "err");
  EXPECT_EQ(Wait(), 42);
}

TEST_F(AttachClientTest, InputFromAFileAndFromNothing) {
  const Fd file(::memfd_create("input", MFD_CLOEXEC));
  ASSERT_TRUE(file.valid());
  const std::string text(40000, 'f');
  ASSERT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), 40000);
  AttachOptions options;
  options.in = file.get();
  Start(options);
  std::string got;
  for (std::string packet = Heard(); packet != "e"; packet = Heard()) {
    ASSERT_EQ(packet[0], 'i') << packet;
    got += packet.substr(1);
  }
  EXPECT_EQ(got, text);
  Say(absl::string_view("x\0", 2));
  EXPECT_EQ(Wait(), 0);
}

TEST_F(AttachClientTest, WithoutInputNotEvenItsEndIsTold) {
  AttachOptions options;
  options.in = -1;
  Start(options);
  Say(absl::string_view("x\0", 2));
  EXPECT_EQ(Wait(), 0);
  EXPECT_EQ(Heard(), "");
}

// Neither side grows while the other does not take anything.
TEST_F(AttachClientTest, WhoDoesNotReadHoldsTheOthersBack) {
  auto in = Pipe(), out = Pipe();
  ASSERT_EQ(::fcntl(in.second.get(), F_SETFL, O_NONBLOCK), 0);
  AttachOptions options;
  options.in = in.first.get();
  options.out = out.second.get();
  Start(options, [&] {
    in.second.reset();
    const rlimit limit = {64 << 20, 64 << 20};
    ::setrlimit(RLIMIT_DATA, &limit);
  });
  // Into the client, which the monitor does not read.
  const std::string chunk(65536, 'c');
  size_t written = 0;
  for (int quiet = 0; quiet < 3;) {
    const ssize_t size = ::write(in.second.get(), chunk.data(), chunk.size());
    if (size > 0) {
      written += static_cast<size_t>(size);
      quiet = 0;
      ASSERT_LT(written, size_t{32} << 20);
    } else {
      pollfd room = {in.second.get(), POLLOUT, 0};
      quiet += ::poll(&room, 1, 100) == 0 ? 1 : 0;
    }
  }
  // And out of it, where nobody reads either.
  std::string packet = "o" + std::string(container::kMostAttachBytes, 'p');
  size_t said = 0;
  for (int quiet = 0; quiet < 3;) {
    if (::send(monitor_.get(), packet.data(), packet.size(), MSG_DONTWAIT) > 0) {
      said += packet.size() - 1;
      quiet = 0;
      ASSERT_LT(said, size_t{32} << 20);
    } else {
      pollfd room = {monitor_.get(), POLLOUT, 0};
      quiet += ::poll(&room, 1, 100) == 0 ? 1 : 0;
    }
  }
  // A signal goes through nevertheless: no more was typed before it than may be ahead.
  ASSERT_EQ(::kill(pid_, SIGUSR1), 0);
  in.second.reset();
  in.first.reset();
  out.second.reset();
  size_t heard = 0;
  int ahead = 0;
  const auto hear = [&](const std::string& text) {
    ASSERT_EQ(text[0], 'i');
    heard += text.size() - 1;
    ++ahead;
  };
  std::string text = Heard();
  for (; text[0] != 's'; text = Heard()) hear(text);
  EXPECT_EQ(text, absl::StrCat("s", std::string(1, SIGUSR1)));
  EXPECT_LE(ahead, container::kMostInputAhead);
  // And all that was held back, as soon as somebody takes it.
  size_t read = 0;
  char buffer[65536];
  while (read < said) {
    ASSERT_TRUE(Await(out.first.get(), POLLIN));
    const ssize_t size = ::read(out.first.get(), buffer, sizeof(buffer));
    ASSERT_GT(size, 0);
    read += static_cast<size_t>(size);
  }
  for (;;) {
    for (; ahead > 0; --ahead) Say("g");
    text = Heard();
    if (text == "e") break;
    hear(text);
  }
  EXPECT_EQ(heard, written);
  Say(absl::string_view("x\x07"));
  EXPECT_EQ(Wait(), 7);
  EXPECT_EQ(read, said);
}

TEST_F(AttachClientTest, SignalsArePassedOn) {
  AttachOptions options;
  options.in = -1;
  ASSERT_TRUE(HoldAttachSignals().ok());  // none comes too early
  Start(options);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
    ASSERT_EQ(::kill(pid_, signal), 0);
    EXPECT_EQ(Heard(), absl::StrCat("s", std::string(1, static_cast<char>(signal))));
  }
  Say("x\x01");
  EXPECT_EQ(Wait(), 1);
}

TEST_F(AttachClientTest, OrEndTheClientAlone) {
  AttachOptions options;
  options.in = -1;
  options.pass_signals_on = false;
  ASSERT_TRUE(HoldAttachSignals().ok());
  Start(options);
  ASSERT_EQ(::kill(pid_, SIGTERM), 0);
  EXPECT_EQ(Wait(), 128 + SIGTERM);
  EXPECT_EQ(Heard(), "");
}

TEST_F(AttachClientTest, AMonitorThatIsGone) {
  AttachOptions options;
  options.in = -1;
  Start(options);
  monitor_.reset();
  EXPECT_EQ(Wait(), kLostCode);
}

// The monitor ended with something of ours unread: what it said before still counts.
TEST_F(AttachClientTest, TheLastWordsOfAMonitorAreHeard) {
  auto in = Pipe(), out = Pipe();
  AttachOptions options;
  options.in = in.first.get();
  options.out = out.second.get();
  ASSERT_EQ(::write(in.second.get(), "typed", 5), 5);
  Start(options);
  ASSERT_TRUE(Await(monitor_.get(), POLLIN));
  out.second.reset();
  ASSERT_EQ(::kill(pid_, SIGSTOP), 0);
  ASSERT_EQ(::waitpid(pid_, nullptr, WUNTRACED), pid_);
  Say("olast");
  Say("x\x09");
  monitor_.reset();
  ASSERT_EQ(::kill(pid_, SIGCONT), 0);
  EXPECT_EQ(Wait(), 9);
  EXPECT_EQ(ReadAll(out.first), "last");
}

TEST_F(AttachClientTest, NobodyReadsOurOutput) {
  auto out = Pipe();
  AttachOptions options;
  options.in = -1;
  options.out = out.second.get();
  out.first.reset();
  Start(options);
  Say("otext");
  EXPECT_EQ(Wait(), 128 + SIGPIPE);
}

TEST_F(AttachClientTest, WhatIsNotOfTheProtocolIsAnError) {
  for (const absl::string_view packet :
       {absl::string_view("?"), absl::string_view("x"), absl::string_view("xyz")}) {
    SetUp();
    AttachOptions options;
    options.in = -1;
    Start(options);
    Say(packet);
    EXPECT_EQ(Wait(), kErrorCode) << packet;
  }
  SetUp();
  AttachOptions options;
  options.in = -1;
  Start(options);
  Say("o" + std::string(container::kMostAttachBytes + 1, 'x'));
  EXPECT_EQ(Wait(), kErrorCode);
}

}  // namespace
}  // namespace pelagos::cli
