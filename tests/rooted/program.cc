#include "tests/rooted/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::rooted {
namespace {

// How often asynchronous ends of orphans are looked for while a test waits for something else.
constexpr absl::Duration kReapEvery = absl::Milliseconds(20);
// A program's streams end with it, unless somebody inherited them.
constexpr absl::Duration kStreamsEnd = absl::Seconds(2);

// Programs whose exit status their Program takes.
std::set<pid_t>& Watched() {
  static auto* const watched = new std::set<pid_t>;
  return *watched;
}

int CodeOf(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

[[noreturn]] void ExecProgram(const std::vector<std::string>& argv, const ProgramOptions& options,
                              int out, int err) {
  const auto fail = [](const char* what) {
    ::perror(what);
    ::_exit(127);
  };
  ::setpgid(0, 0);
  // Whoever started the tests in the background of a shell may have had these ignored.
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM}) ::signal(signal, SIG_DFL);
  ::dup2(out, 1);
  ::dup2(err, 2);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, 0) < 0) fail("/dev/null");
  if (options.netns >= 0 && ::setns(options.netns, CLONE_NEWNET) != 0) fail("setns");
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) fail("chdir");
  std::vector<char*> args, env;
  for (const std::string& arg : argv) args.push_back(const_cast<char*>(arg.c_str()));
  for (const std::string& one : options.env) env.push_back(const_cast<char*>(one.c_str()));
  args.push_back(nullptr);
  env.push_back(nullptr);
  ::setenv("PATH", kPath, 1);
  // Nothing of the test's own leaks into it.
  ::close_range(3, ~0U, 0);
  ::execvpe(args[0], args.data(), env.data());
  fail(args[0]);
  ::abort();
}

// The parent of a living process; nullopt if it is gone or a zombie.
std::optional<pid_t> ParentOf(pid_t pid) {
  const auto text = sys::ReadFile(absl::StrCat("/proc/", pid, "/stat"), 65536);
  if (!text.ok()) return std::nullopt;
  const size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields =
      absl::StrSplit(text->substr(name_end + 1), ' ', absl::SkipEmpty());
  int parent = 0;
  if (fields.size() < 2 || fields[0] == "Z" || fields[0] == "X" ||
      !absl::SimpleAtoi(fields[1], &parent)) {
    return std::nullopt;
  }
  return parent;
}

}  // namespace

std::string Outcome::Describe() const {
  return absl::StrCat("exit code ", code, "\n--- stdout\n", out, "--- stderr\n", err, "---");
}

Program::Program(std::vector<std::string> argv, ProgramOptions options) : argv_(std::move(argv)) {
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) {
    ADD_FAILURE() << "pipe2: " << strerror(errno);
    return;
  }
  out_ = Fd(out[0]);
  err_ = Fd(err[0]);
  const Fd out_end(out[1]), err_end(err[1]);
  pid_ = ::fork();
  if (pid_ < 0) {
    ADD_FAILURE() << "fork: " << strerror(errno);
    return;
  }
  if (pid_ == 0) ExecProgram(argv_, options, out_end.get(), err_end.get());
  ::setpgid(pid_, pid_);  // both sides: whoever comes first
  Watched().insert(pid_);
  auto pidfd = sys::OpenPidfd(pid_);
  EXPECT_TRUE(pidfd.ok()) << pidfd.status();
  if (pidfd.ok()) pidfd_ = *std::move(pidfd);
  ::fcntl(out_.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(err_.get(), F_SETFL, O_NONBLOCK);
}

Program::~Program() {
  if (pid_ <= 0) return;
  if (!code_) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
  Watched().erase(pid_);
}

bool Program::Pump(absl::Time deadline) {
  const absl::Time now = absl::Now();
  if (now >= deadline) return false;
  std::array<pollfd, 3> polled = {
      {{code_ ? -1 : pidfd_.get(), POLLIN, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}}};
  const absl::Duration wait = std::min(deadline - now, kReapEvery);
  ::poll(polled.data(), polled.size(), static_cast<int>(absl::ToInt64Milliseconds(wait)) + 1);
  ReapOrphans();
  for (auto& [fd, text] : {std::pair(&out_, &all_out_), std::pair(&err_, &all_err_)}) {
    while (fd->valid()) {
      std::array<char, 65536> buffer;
      const ssize_t size = ::read(fd->get(), buffer.data(), buffer.size());
      if (size > 0) text->append(buffer.data(), static_cast<size_t>(size));
      if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) fd->reset();
      if (size < 0) break;
    }
  }
  if (!code_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) code_ = CodeOf(status);
  }
  return true;
}

std::optional<std::string> Program::NextLine(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  for (;;) {
    const size_t end = all_out_.find('\n', line_begin_);
    if (end != std::string::npos) {
      std::string line = all_out_.substr(line_begin_, end - line_begin_);
      line_begin_ = end + 1;
      return line;
    }
    if (!out_.valid()) return std::nullopt;
    if (!Pump(deadline)) {
      ADD_FAILURE() << absl::StrJoin(argv_, " ") << ": no line in " << patience << "\n"
                    << Outcome{-1, all_out_, all_err_}.Describe();
      return std::nullopt;
    }
  }
}

bool Program::AwaitLine(const std::string& text, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (std::optional<std::string> line = NextLine(deadline - absl::Now())) {
    if (line->find(text) != std::string::npos) return true;
  }
  ADD_FAILURE() << absl::StrJoin(argv_, " ") << ": no line with '" << text << "'\n"
                << Outcome{-1, all_out_, all_err_}.Describe();
  return false;
}

void Program::Signal(int signal) {
  if (!code_) ::kill(pid_, signal);
}

void Program::SignalGroup(int signal) { ::kill(-pid_, signal); }

bool Program::Ended() {
  Pump(absl::Now() + absl::Milliseconds(1));
  return code_.has_value();
}

Outcome Program::Wait(absl::Duration patience) {
  absl::Time deadline = absl::Now() + patience;
  while (!code_) {
    if (Pump(deadline)) continue;
    ADD_FAILURE() << absl::StrJoin(argv_, " ") << ": still runs after " << patience << "\n"
                  << Outcome{-1, all_out_, all_err_}.Describe();
    ::kill(pid_, SIGKILL);
    deadline = absl::Now() + kPatience;
  }
  deadline = absl::Now() + kStreamsEnd;
  while (out_.valid() || err_.valid()) {
    if (Pump(deadline)) continue;
    ADD_FAILURE() << absl::StrJoin(argv_, " ") << ": somebody keeps its output open after its end";
    break;
  }
  return {*code_, all_out_, all_err_};
}

void BecomeSubreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    ADD_FAILURE() << "PR_SET_CHILD_SUBREAPER: " << strerror(errno);
  }
}

void ReapOrphans() {
  const auto children =
      sys::ReadFile(absl::StrCat("/proc/self/task/", ::getpid(), "/children"), size_t{1} << 20);
  if (!children.ok()) {
    ADD_FAILURE() << children.status();
    return;
  }
  for (const std::string& text : std::vector<std::string>(
           absl::StrSplit(*children, absl::ByAnyChar(" \n"), absl::SkipEmpty()))) {
    int pid = 0;
    if (!absl::SimpleAtoi(text, &pid) || Watched().count(pid) != 0) continue;
    int status = 0;
    ::waitpid(pid, &status, WNOHANG);
  }
}

std::vector<pid_t> Descendants() {
  ReapOrphans();
  std::multimap<pid_t, pid_t> children;
  const auto names = sys::ListFolder(std::string("/proc"));
  EXPECT_TRUE(names.ok()) << names.status();
  for (const std::string& name : *names) {
    int pid = 0;
    if (!absl::SimpleAtoi(name, &pid)) continue;
    if (const std::optional<pid_t> parent = ParentOf(pid)) children.emplace(*parent, pid);
  }
  std::vector<pid_t> found = {::getpid()};
  for (size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto it = begin; it != end; ++it) found.push_back(it->second);
  }
  found.erase(found.begin());
  return found;
}

bool AwaitEnd(pid_t pid, absl::Duration patience) {
  const auto pidfd = sys::OpenPidfd(pid);
  if (!pidfd.ok()) return true;
  pollfd polled = {pidfd->get(), POLLIN, 0};
  const int ended = ::poll(&polled, 1, static_cast<int>(absl::ToInt64Milliseconds(patience)));
  ReapOrphans();
  return ended == 1;
}

Outcome Run(std::vector<std::string> argv, absl::Duration patience, int netns) {
  ProgramOptions options;
  options.netns = netns;
  for (char** one = environ; *one != nullptr; ++one) {
    if (!absl::StartsWith(*one, "PATH=")) options.env.emplace_back(*one);
  }
  options.env.push_back(absl::StrCat("PATH=", kPath));
  Program program(std::move(argv), std::move(options));
  return program.Wait(patience);
}

}  // namespace pelagos::rooted
