#include "tests/rooted/traced.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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

// The text at `address`, up to its NUL or the end of what can be read, 4096 bytes at most: less
// than a page where the page behind it is not there.
std::string TextAt(pid_t pid, uint64_t address) {
  constexpr uint64_t kPage = 4096;
  std::array<char, kPage> bytes;
  const uint64_t first = kPage - address % kPage;
  iovec local = {bytes.data(), bytes.size()};
  std::array<iovec, 2> remote = {{{reinterpret_cast<void*>(address), first},
                                  {reinterpret_cast<void*>(address + first), kPage - first}}};
  const ssize_t size = ::process_vm_readv(pid, &local, 1, remote.data(), remote.size(), 0);
  return size <= 0 ? "" : std::string(bytes.data(), ::strnlen(bytes.data(), size));
}

TracedCall CallOf(pid_t pid, int n) {
  TracedCall call = {n, pid, {}};
  __ptrace_syscall_info info = {};
  // Fails only when it was killed meanwhile.
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0) {
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), call.arguments.begin());
  }
  return call;
}

}  // namespace

bool TracedCall::Names(absl::string_view name) const {
  return std::any_of(arguments.begin(), arguments.end(), [&](uint64_t argument) {
    const std::string text = TextAt(pid, argument);
    const std::vector<absl::string_view> words = absl::StrSplit(text, absl::ByAnyChar("/:,="));
    return std::find(words.begin(), words.end(), name) != words.end();
  });
}

Trace TracePelagos(const World& world, std::vector<std::string> words, bool children,
                   const std::function<AtCall(const TracedCall&)>& at_call) {
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
      if (known->second && at_call(CallOf(stopped, ++trace.calls)) == AtCall::kKill) {
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
