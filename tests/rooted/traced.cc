#include "tests/rooted/traced.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <set>

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
  std::vector<std::string> env = world.Environment();
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
  TracedCall call = {n, pid, 0, {}};
  __ptrace_syscall_info info = {};
  // Fails only when it was killed meanwhile.
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0) {
    call.number = info.entry.nr;
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), call.arguments.begin());
  }
  return call;
}

// Leads the process `pid`, a child that is about to stop for its tracer, to its end.
void Follow(pid_t pid, bool children, const std::function<AtCall(const TracedCall&)>& at_call,
            Trace& trace) {
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
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
}

}  // namespace

bool TracedCall::Names(absl::string_view name) const {
  return std::any_of(arguments.begin(), arguments.end(), [&](uint64_t argument) {
    const std::string text = TextAt(pid, argument);
    const std::vector<absl::string_view> words = absl::StrSplit(text, absl::ByAnyChar("/:,="));
    return std::find(words.begin(), words.end(), name) != words.end();
  });
}

bool TracedCall::Changes() const {
  // Calls that look, wait, or are about the process's own memory, descriptors and rights. All that
  // are not here count as changes.
  static const auto* const looking = new std::set<uint64_t>{
      SYS_access,
      SYS_arch_prctl,
      SYS_bind,
      SYS_brk,
      SYS_clock_gettime,
      SYS_clock_nanosleep,
      SYS_close,
      SYS_close_range,
      SYS_connect,
      SYS_dup,
      SYS_dup2,
      SYS_dup3,
      SYS_epoll_create1,
      SYS_epoll_ctl,
      SYS_epoll_wait,
      SYS_eventfd2,
      SYS_faccessat,
      SYS_faccessat2,
      SYS_fadvise64,
      SYS_fcntl,
      SYS_fdatasync,
      SYS_fgetxattr,
      SYS_flock,
      SYS_fstat,
      SYS_fstatfs,
      SYS_fsync,
      SYS_futex,
      SYS_getcwd,
      SYS_getdents64,
      SYS_getegid,
      SYS_geteuid,
      SYS_getgid,
      SYS_getpeername,
      SYS_getpid,
      SYS_getppid,
      SYS_getrandom,
      SYS_getrlimit,
      SYS_getsockname,
      SYS_getsockopt,
      SYS_gettid,
      SYS_getuid,
      SYS_getxattr,
      SYS_ioctl,
      SYS_landlock_add_rule,
      SYS_landlock_create_ruleset,
      SYS_landlock_restrict_self,
      SYS_lgetxattr,
      SYS_lseek,
      SYS_lstat,
      SYS_madvise,
      SYS_memfd_create,
      SYS_mmap,
      SYS_mprotect,
      SYS_mremap,
      SYS_munmap,
      SYS_newfstatat,
      SYS_pipe2,
      SYS_poll,
      SYS_ppoll,
      SYS_prctl,
      SYS_pread64,
      SYS_prlimit64,
      SYS_read,
      SYS_readlink,
      SYS_readlinkat,
      SYS_recvfrom,
      SYS_recvmsg,
      SYS_restart_syscall,
      SYS_rseq,
      SYS_rt_sigaction,
      SYS_rt_sigprocmask,
      SYS_rt_sigreturn,
      SYS_sched_getaffinity,
      SYS_sched_yield,
      SYS_seccomp,
      SYS_sendmmsg,
      SYS_sendmsg,
      SYS_sendto,
      SYS_set_robust_list,
      SYS_set_tid_address,
      SYS_setsockopt,
      SYS_sigaltstack,
      SYS_socket,
      SYS_socketpair,
      SYS_stat,
      SYS_statfs,
      SYS_statx,
      SYS_syncfs,
      SYS_sysinfo,
      SYS_umask,
      SYS_uname,
      SYS_wait4,
      SYS_waitid,
  };
  constexpr uint64_t kMaking = O_CREAT | O_TRUNC;
  if (number == SYS_open) return (arguments[1] & kMaking) != 0;
  if (number == SYS_openat) return (arguments[2] & kMaking) != 0;
  if (number == SYS_openat2) {
    open_how how = {};
    iovec local = {&how, sizeof(how)};
    iovec remote = {reinterpret_cast<void*>(arguments[2]), sizeof(how)};
    const bool known = ::process_vm_readv(pid, &local, 1, &remote, 1, 0) == sizeof(how);
    return !known || (how.flags & kMaking) != 0;
  }
  return looking->count(number) == 0;
}

Trace TracePelagos(const World& world, std::vector<std::string> words, bool children,
                   const std::function<AtCall(const TracedCall&)>& at_call, bool leaves_processes) {
  Trace trace;
  const Fd out = OutputFile(), err = OutputFile();
  const pid_t pid = ::fork();
  if (pid == 0) Exec(world, std::move(words), out.get(), err.get());
  Follow(pid, children, at_call, trace);
  // Those who were not traced.
  for (;;) {
    const std::vector<pid_t> left = Descendants();
    if (left.empty() || leaves_processes) break;
    for (const pid_t child : left) EXPECT_TRUE(AwaitEnd(child)) << child;
  }
  trace.outcome.out = Content(out);
  trace.outcome.err = Content(err);
  return trace;
}

Trace TraceFork(const std::function<int()>& work,
                const std::function<AtCall(const TracedCall&)>& at_call) {
  Trace trace;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::_exit(work());
  }
  Follow(pid, /*children=*/false, at_call, trace);
  return trace;
}

}  // namespace pelagos::rooted
