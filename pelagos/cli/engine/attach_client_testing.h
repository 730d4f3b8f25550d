// The client in a child of the test, which plays the monitor on a socketpair and whoever sits at
// the terminal.
#pragma once

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
#include "pelagos/cli/engine/detach_keys.h"
#include "pelagos/container/attach_protocol.h"

namespace pelagos::cli {

inline constexpr int kPatience = 30000;  // milliseconds
inline constexpr int kDetachedCode = 200, kLostCode = 201, kErrorCode = 202;

inline std::pair<Fd, Fd> Pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

inline bool Await(int fd, short events) {
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

}  // namespace pelagos::cli
