#include "pelagos/launch/seccomp_named.h"

#include <cerrno>
#include <string>

#include "pelagos/launch/seccomp_default.h"
#include "pelagos/launch/seccomp_rules.h"

namespace pelagos::launch {
namespace {

constexpr absl::string_view kIoUring[] = {"io_uring_setup", "io_uring_enter", "io_uring_register"};

// clang-format off
constexpr absl::string_view kMinimal[] = {
    // Files and folders.
    "access", "chdir", "chmod", "chown", "chown32", "close", "close_range", "copy_file_range",
    "creat", "dup", "dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fadvise64_64",
    "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat",
    "fcntl", "fcntl64", "fdatasync", "flock", "fstat", "fstat64", "fstatat64", "fstatfs",
    "fstatfs64", "fsync", "ftruncate", "ftruncate64", "getcwd", "getdents", "getdents64", "ioctl",
    "lchown", "lchown32", "link", "linkat", "lseek", "_llseek", "lstat", "lstat64", "mkdir",
    "mkdirat", "newfstatat", "open", "openat", "openat2", "pipe", "pipe2", "pread64", "preadv",
    "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readlink", "readlinkat", "readv",
    "rename", "renameat", "renameat2", "rmdir", "sendfile", "sendfile64", "stat", "stat64",
    "statfs", "statfs64", "statx", "symlink", "symlinkat", "truncate", "truncate64", "umask",
    "unlink", "unlinkat", "utimensat", "utimensat_time64", "write", "writev",
    // Waiting.
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
    "eventfd", "eventfd2", "_newselect", "pause", "poll", "ppoll", "ppoll_time64", "pselect6",
    "pselect6_time64", "select",
    // Sockets.
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "recvfrom", "recvmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socketcall",
    "socketpair",
    // Memory.
    "brk", "madvise", "membarrier", "mmap", "mmap2", "mprotect", "mremap", "msync", "munmap",
    // Processes and threads.
    "arch_prctl", "execve", "execveat", "exit", "exit_group", "fork", "futex", "futex_time64",
    "get_robust_list", "get_thread_area", "getpgid", "getpgrp", "getpid", "getppid", "getrlimit",
    "getrusage", "getsid", "gettid", "prctl", "prlimit64", "restart_syscall", "rseq",
    "sched_getaffinity", "sched_yield", "set_robust_list", "set_thread_area", "set_tid_address",
    "setpgid", "setsid", "sysinfo", "times", "ugetrlimit", "uname", "vfork", "wait4", "waitid",
    "waitpid",
    // Signals.
    "alarm", "kill", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaltstack", "sigprocmask",
    "sigreturn", "tgkill", "tkill",
    // Users and their rights: to look, and to give them up.
    "capget", "capset", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32",
    "getgroups", "getgroups32", "getresgid", "getresgid32", "getresuid", "getresuid32", "getuid",
    "getuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setregid", "setregid32",
    "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid", "setreuid32", "setuid",
    "setuid32",
    // Time and chance.
    "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep",
    "clock_nanosleep_time64", "getrandom", "gettimeofday", "nanosleep", "time",
};
// clang-format on

SeccompFilter IoUringFilter() {
  SeccompFilter filter = DefaultSeccompFilter();
  SeccompFilterRule rule = {.verdict = {SeccompAct::kAllow, 0}};
  for (const absl::string_view name : kIoUring) rule.names.emplace_back(name);
  filter.rules.push_back(std::move(rule));
  return filter;
}

SeccompFilter MinimalFilter() {
  constexpr uint64_t kLow = 0xffffffff;
  constexpr SeccompVerdict kAllow = {SeccompAct::kAllow, 0};
  SeccompFilter filter;
  filter.otherwise = {SeccompAct::kErrno, EPERM};
  filter.arches = DefaultSeccompFilter().arches;
  SeccompFilterRule rule = {.verdict = kAllow};
  for (const absl::string_view name : kMinimal) rule.names.emplace_back(name);
  filter.rules.push_back(std::move(rule));
  // As the default has them: no namespaces, no hypervisor.
  filter.rules.push_back({.names = {"clone"},
                          .verdict = kAllow,
                          .conditions = {{0, SeccompOp::kMaskedEq, kNamespaceFlags, 0}}});
  filter.rules.push_back({.names = {"clone3"}, .verdict = {SeccompAct::kErrno, ENOSYS}});
  filter.rules.push_back({.names = {"socket"}, .verdict = kAllow});
  filter.rules.push_back({.names = {"socket"},
                          .verdict = filter.otherwise,
                          .conditions = {{0, SeccompOp::kMaskedEq, kLow, kVsockFamily}}});
  return filter;
}

}  // namespace

std::optional<SeccompFilter> NamedSeccompFilter(absl::string_view name) {
  if (name == "iouring" || name == "io-uring") return IoUringFilter();
  if (name == "minimal") return MinimalFilter();
  return std::nullopt;
}

}  // namespace pelagos::launch
