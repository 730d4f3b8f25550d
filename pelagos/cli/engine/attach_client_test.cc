// The client in a child of the test, which plays the monitor on a socketpair and whoever sits at
// the terminal.

#include "pelagos/cli/engine/attach_client.h"

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
#include "pelagos/cli/engine/detach_keys.h"
#include "pelagos/container/attach_protocol.h"

namespace pelagos::cli {
namespace {

constexpr int kPatience = 30000;  // milliseconds
constexpr int kDetachedCode = 200, kLostCode = 201, kErrorCode = 202;

std::pair<Fd, Fd> Pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

bool Await(int fd, short events) {
  pollfd ready = {fd, events, 0};
  return ::poll(&ready, 1, kPatience) == 1;
}

class AttachClientTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    monitor_ = Fd(ends[0]);
    clients_ = Fd(ends[1]);
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  // In a child, after `prepare`. The code says how it ended.
  void Start(const AttachOptions& options, const std::function<void()>& prepare = nullptr) {
    pid_ = ::fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      monitor_.reset();
      if (prepare) prepare();
      const absl::StatusOr<AttachEnd> end = Attach(clients_, options);
      if (!end.ok()) {
        std::fprintf(stderr, "%s\n", std::string(end.status().message()).c_str());
        ::_exit(kErrorCode);
      }
      switch (end->reason) {
        case AttachEnd::Reason::kExited:
        case AttachEnd::Reason::kSignaled:
          ::_exit(end->code);
        case AttachEnd::Reason::kDetached:
          ::_exit(kDetachedCode);
        case AttachEnd::Reason::kLost:
          ::_exit(kLostCode);
      }
    }
    clients_.reset();
  }

  void StartAtTerminal(AttachOptions options = {}) {
    const winsize size = {24, 80, 0, 0};
    int master = -1, slave = -1;
    ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
    master_ = Fd(master);
    slave_ = Fd(slave);
    ASSERT_EQ(::tcgetattr(slave, &before_), 0);
    ::fcntl(master, F_SETFD, FD_CLOEXEC);
    Start(options, [this] {
      master_.reset();
      ::login_tty(slave_.get());
    });
  }

  // The next packet.
  std::string Heard() {
    if (!Await(monitor_.get(), POLLIN)) return "nothing";
    char packet[container::kMostAttachBytes + 2];
    const ssize_t size = ::recv(monitor_.get(), packet, sizeof(packet), 0);
    return size < 0 ? "an error" : std::string(packet, static_cast<size_t>(size));
  }

  void Say(absl::string_view packet) {
    ASSERT_EQ(::send(monitor_.get(), packet.data(), packet.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(packet.size()));
  }

  void Type(absl::string_view text) {
    ASSERT_EQ(::write(master_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // What the terminal shows, up to `text`.
  bool Shown(absl::string_view text) {
    char buffer[4096];
    while (!absl::StrContains(shown_, text)) {
      if (!Await(master_.get(), POLLIN)) return false;
      const ssize_t size = ::read(master_.get(), buffer, sizeof(buffer));
      if (size <= 0) return false;
      shown_.append(buffer, static_cast<size_t>(size));
    }
    return true;
  }

  int Wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  bool IsRaw() const {
    termios now = {};
    EXPECT_EQ(::tcgetattr(slave_.get(), &now), 0);
    return (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }

  bool IsAsBefore() const {
    termios now = {};
    EXPECT_EQ(::tcgetattr(slave_.get(), &now), 0);
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_oflag == before_.c_oflag &&
           std::memcmp(now.c_cc, before_.c_cc, sizeof(now.c_cc)) == 0;
  }

  Fd monitor_, clients_, master_, slave_;
  termios before_ = {};
  pid_t pid_ = -1;
  std::string shown_;
};

const std::string kSize = std::string("w\x18\0\x50\0", 5);  // 24 x 80

AttachOptions AtTerminal() {
  AttachOptions options;
  options.terminal = true;
  options.detach_keys = *ParseDetachKeys(kDefaultDetachKeys);
  return options;
}

std::string ReadAll(const Fd& from) {
  std::string all;
  char buffer[4096];
  while (Await(from.get(), POLLIN)) {
    const ssize_t size = ::read(from.get(), buffer, sizeof(buffer));
    if (size <= 0) break;
    all.append(buffer, static_cast<size_t>(size));
  }
  return all;
}

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
  char name[] = "/tmp/attach_client_test.XXXXXX";
  const Fd file(::mkstemp(name));
  ASSERT_TRUE(file.valid());
  ::unlink(name);
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
