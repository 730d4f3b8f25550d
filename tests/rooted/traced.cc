#include "tests/rooted/traced.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/program.h"

namespace pelagos::rooted {
namespace {

constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

// Exit codes of its own before the program is there.
[[noreturn]] void Exec(const World& world, std::vector<std::string> words, int out, int err) {
  words.insert(words.begin(), Runfile("tools/pelagos"));
  std::vector<std::string> env = {absl::StrCat("PATH=", kPath),
                                  absl::StrCat("PELAGOS_ROOT=", world.data_root()),
                                  absl::StrCat("PELAGOS_RUN_ROOT=", world.run_root())};
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& variable : env) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  ::setpgid(0, 0);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(null, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  ::close_range(3, ~0U, 0);
  ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(124);
}

Fd OutputFile() { return Fd(::open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)); }

std::string Content(const Fd& file) {
  ::lseek(file.get(), 0, SEEK_SET);
  return sys::ReadAll(file, size_t{1} << 20, "output").value_or("?");
}

bool IsEvent(int status) { return status >> 16 != 0; }

}  // namespace

Trace TracePelagos(const World& world, std::vector<std::string> words, bool children,
                   const std::function<AtCall(int n)>& at_call) {
  Trace trace;
  const Fd out = OutputFile(), err = OutputFile();
  const pid_t pid = ::fork();
  if (pid == 0) Exec(world, std::move(words), out.get(), err.get());
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);  // stopped by its execve
  EXPECT_TRUE(WIFSTOPPED(status)) << status;
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (children) options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  EXPECT_EQ(::ptrace(PTRACE_SETOPTIONS, pid, nullptr, options), 0);
  EXPECT_EQ(::ptrace(PTRACE_SYSCALL, pid, nullptr, 0), 0);

  std::map<pid_t, bool> in_call = {{pid, false}};  // the living; new ones stop by SIGSTOP first
  while (!in_call.empty()) {
    const pid_t stopped = ::waitpid(-1, &status, __WALL);
    if (stopped < 0) {
      ADD_FAILURE() << "waitpid: " << strerror(errno);
      break;
    }
    if (!WIFSTOPPED(status)) {
      in_call.erase(stopped);
      if (stopped == pid) {
        trace.outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      continue;
    }
    const auto [known, is_new] = in_call.emplace(stopped, false);
    int signal = WSTOPSIG(status);
    if (signal == kSyscallStop) {
      known->second = !known->second;
      if (known->second && at_call(++trace.calls) == AtCall::kKill) {
        EXPECT_EQ(::kill(pid, SIGKILL), 0);
        if (stopped == pid) continue;
      }
      signal = 0;
    } else if (is_new || IsEvent(status)) {
      signal = 0;
    }
    // ESRCH: killed meanwhile; its end comes next.
    ::ptrace(PTRACE_SYSCALL, stopped, nullptr, signal);
  }
  // Those who were not traced.
  for (;;) {
    const std::vector<pid_t> left = Descendants();
    if (left.empty()) break;
    for (const pid_t child : left) EXPECT_TRUE(AwaitEnd(child)) << child;
  }
  trace.outcome.out = Content(out);
  trace.outcome.err = Content(err);
  return trace;
}

}  // namespace pelagos::rooted
