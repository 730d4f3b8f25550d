// The real program behind a pseudo terminal, for tests: type, and look what it shows.
//
// Source: pty(7), termios(3).
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "pelagos/base/fd.h"

namespace pelagos::cli {

inline constexpr char kProgram[] = "tools/pelagos";
inline constexpr auto kPatience = std::chrono::seconds(20);

struct How {
  std::string home;  // empty: a new folder
  std::string term = "xterm";
  unsigned short columns = 80;
  std::vector<std::string> files;
  bool no_home = false;
  bool under_shell = false;  // a parent in the same session, so that it can be stopped
};

class Terminal {
 public:
  explicit Terminal(How how = {}) : home_(how.home) {
    if (home_.empty()) {
      std::string folder = absl::StrCat(testing::TempDir(), "/home.XXXXXX");
      EXPECT_NE(::mkdtemp(folder.data()), nullptr);
      home_ = folder;
    }
    master_ = Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT_EQ(::grantpt(master_.get()), 0);
    EXPECT_EQ(::unlockpt(master_.get()), 0);
    char name[64];
    EXPECT_EQ(::ptsname_r(master_.get(), name, sizeof(name)), 0);
    slave_ = Fd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    Resize(how.columns);
    before_ = Settings();

    std::vector<std::string> environment = {"TERM=" + how.term};
    if (!how.no_home) environment.push_back("HOME=" + home_);
    std::vector<char*> env, argv;
    for (std::string& variable : environment) env.push_back(variable.data());
    env.push_back(nullptr);
    std::vector<std::string> words = {kProgram, "reml", "repl"};
    words.insert(words.end(), how.files.begin(), how.files.end());
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    child_ = ::fork();
    if (child_ == 0) {
      ::setsid();
      ::ioctl(slave_.get(), TIOCSCTTY, 0);
      for (int fd : {0, 1, 2}) ::dup2(slave_.get(), fd);
      if (how.under_shell) BeShell();
      ::execve(argv[0], argv.data(), env.data());
      ::_exit(127);
    }
  }
  ~Terminal() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }

  const std::string& home() const { return home_; }
  std::string history() const { return home_ + "/.local/state/pelagos/reml_history"; }
  void Type(absl::string_view keys) {
    ASSERT_EQ(::write(master_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void Signal(int signal) { ::kill(child_, signal); }
  void Resize(unsigned short columns) {
    const winsize size = {24, columns, 0, 0};
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
  }

  // Reads until the text is there, behind all that was asked for before.
  testing::AssertionResult Sees(absl::string_view text) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      const size_t at = seen_.find(text.data(), from_, text.size());
      if (at != std::string::npos) {
        from_ = at + text.size();
        return testing::AssertionSuccess();
      }
      if (!ReadMore(end)) {
        return testing::AssertionFailure() << "no '" << absl::CEscape(text) << "' in:\n"
                                           << absl::CEscape(absl::string_view(seen_).substr(from_));
      }
    }
  }
  const std::string& all() const { return seen_; }
  // Whether it stops, by a signal.
  bool Stopped() {
    int status = 0;
    return ::waitpid(child_, &status, WUNTRACED) == child_ && WIFSTOPPED(status);
  }
  // All so far, from the last text that was asked for on.
  std::string rest() const { return seen_.substr(from_); }

  // The status of waitpid(2), once the program has ended.
  int Wait() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    int status = 0;
    while (::waitpid(child_, &status, WNOHANG) == 0) {
      if (!ReadMore(end, 10) && std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "does not end:\n" << absl::CEscape(rest());
        return -1;
      }
    }
    child_ = -1;
    while (ReadMore(end, 0)) {
    }
    return status;
  }
  void Leave() {
    Type(",quit\n");
    const int status = Wait();
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_TRUE(AsBefore());
  }

  termios Settings() const {
    termios settings;
    std::memset(&settings, 0, sizeof(settings));
    EXPECT_EQ(::tcgetattr(slave_.get(), &settings), 0);
    return settings;
  }
  bool AsBefore() const {
    const termios now = Settings();
    return now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag &&
           now.c_cflag == before_.c_cflag && now.c_lflag == before_.c_lflag &&
           std::memcmp(now.c_cc, before_.c_cc, sizeof(now.c_cc)) == 0;
  }

 private:
  // Returns in a child, which is in the foreground. Stops when that stops, ends when that ends.
  static void BeShell() {
    ::signal(SIGTTOU, SIG_IGN);
    const pid_t job = ::fork();
    ::setpgid(job, job);
    ::tcsetpgrp(0, job == 0 ? ::getpid() : job);
    if (job == 0) {
      ::signal(SIGTTOU, SIG_DFL);
      return;
    }
    int status = 0;
    while (::waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
      ::raise(SIGSTOP);
      ::tcsetpgrp(0, job);
      ::kill(-job, SIGCONT);
    }
    ::_exit(WEXITSTATUS(status));
  }

  // false: nothing came in time.
  bool ReadMore(std::chrono::steady_clock::time_point end, int most_ms = 1 << 30) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd output = {master_.get(), POLLIN, 0};
    const int wait =
        static_cast<int>(std::max<int64_t>(0, std::min<int64_t>(left.count(), most_ms)));
    if (::poll(&output, 1, wait) <= 0) return false;
    char bytes[4096];
    const ssize_t got = ::read(master_.get(), bytes, sizeof(bytes));
    if (got <= 0) return false;
    seen_.append(bytes, static_cast<size_t>(got));
    return true;
  }

  std::string home_;
  Fd master_, slave_;
  termios before_;
  pid_t child_ = -1;
  std::string seen_;
  size_t from_ = 0;
};

}  // namespace pelagos::cli
