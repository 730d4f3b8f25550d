// A program at a pseudo terminal of the test's: what is typed, what is shown, sizes, and the
// terminal's modes before and after.
#pragma once

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

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "pelagos/base/fd.h"
#include "tests/rooted/program.h"

namespace pelagos::rooted {

// One program at a time. 24 rows of 80 columns.
class AtTerminal {
 public:
  AtTerminal() = default;
  ~AtTerminal() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  AtTerminal(const AtTerminal&) = delete;
  AtTerminal& operator=(const AtTerminal&) = delete;

  // argv[0] is a path. `env` is KEY=VALUE, complete.
  void Start(std::vector<std::string> argv, std::vector<std::string> env) {
    const winsize size = {24, 80, 0, 0};
    int master = -1, slave = -1;
    ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
    master_ = Fd(master);
    slave_ = Fd(slave);
    for (const int fd : {master, slave}) ASSERT_EQ(::fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    ASSERT_EQ(::tcgetattr(slave, &before_), 0);
    shown_.clear();
    seen_ = 0;
    std::vector<char*> words, variables;
    for (std::string& word : argv) words.push_back(word.data());
    for (std::string& variable : env) variables.push_back(variable.data());
    words.push_back(nullptr);
    variables.push_back(nullptr);
    pid_ = ::fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      if (::login_tty(slave) != 0) ::_exit(124);
      ::execve(words[0], words.data(), variables.data());
      ::_exit(124);
    }
  }

  pid_t pid() const { return pid_; }
  const std::string& shown() const { return shown_; }

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

  void Signal(int signal) { ASSERT_EQ(::kill(pid_, signal), 0); }
  // To whoever has the terminal now: the job of a shell.
  void SignalForeground(int signal) {
    const pid_t group = ::tcgetpgrp(master_.get());
    ASSERT_GT(group, 1);
    ASSERT_EQ(::kill(-group, signal), 0);
  }
  void Resize(unsigned short rows, unsigned short columns) {
    const winsize size = {rows, columns, 0, 0};
    ASSERT_EQ(::ioctl(master_.get(), TIOCSWINSZ, &size), 0);
  }
  // Whoever sat there is gone.
  void HangUp() {
    slave_.reset();
    master_.reset();
  }

  // The exit code, -1 if it did not exit.
  int Wait() {
    int status = 0;
    pid_t got = 0;
    while ((got = ::waitpid(pid_, &status, 0)) < 0 && errno == EINTR) {
    }
    EXPECT_EQ(got, std::exchange(pid_, -1));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  bool IsRaw() const {
    termios now = {};
    EXPECT_EQ(::tcgetattr(slave_.get(), &now), 0);
    return (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }
  void ExpectAsBefore() const {
    termios now = {};
    ASSERT_EQ(::tcgetattr(slave_.get(), &now), 0);
    EXPECT_EQ(now.c_lflag, before_.c_lflag);
    EXPECT_EQ(now.c_iflag, before_.c_iflag);
    EXPECT_EQ(now.c_oflag, before_.c_oflag);
    EXPECT_EQ(std::memcmp(now.c_cc, before_.c_cc, sizeof(now.c_cc)), 0);
  }

 private:
  Fd master_, slave_;
  termios before_ = {};
  pid_t pid_ = -1;
  std::string shown_;
  size_t seen_ = 0;
};

}  // namespace pelagos::rooted
