#include "pelagos/launch/lock_down.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <vector>

#include "pelagos/abi/kernel_version.h"
#include "pelagos/abi/landlock.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/policy/seccomp_compile.h"
#include "pelagos/policy/seccomp_filter.h"
#include "pelagos/sys/raw.h"
#include "pelagos/sys/security.h"

namespace pelagos::launch {
namespace {

using sys::Call;
using sys::Result;

// A ruleset without rules: nothing of what it handles is allowed anywhere.
absl::Status DenyChangesOfFiles(int abi) {
  const uint64_t rights = LandlockRights(abi) & ~(kLandlockReadFile | kLandlockReadDir);
  const Result made = Call(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
  if (!made.ok()) return ErrnoStatus(made.err, "landlock_create_ruleset");
  const Fd ruleset(static_cast<int>(made.value));
  const Result restricted = Call(SYS_landlock_restrict_self, ruleset.get(), 0);
  if (!restricted.ok()) return ErrnoStatus(restricted.err, "landlock_restrict_self");
  return absl::OkStatus();
}

SeccompFilter OnlyLooking() {
  SeccompFilter filter;
  filter.otherwise = {SeccompAct::kErrno, EPERM};
  filter.rules.push_back({.names = {"access",        "brk",
                                    "capget",        "clock_getres",
                                    "clock_gettime", "close",
                                    "dup",           "exit",
                                    "exit_group",    "faccessat",
                                    "faccessat2",    "fchdir",
                                    "flock",         "fstat",
                                    "fstatfs",       "futex",
                                    "getcwd",        "getdents64",
                                    "getegid",       "geteuid",
                                    "getgid",        "getgroups",
                                    "getpgrp",       "getpid",
                                    "getppid",       "getrandom",
                                    "getrlimit",     "gettid",
                                    "gettimeofday",  "getuid",
                                    "getxattr",      "fgetxattr",
                                    "lgetxattr",     "lseek",
                                    "lstat",         "madvise",
                                    "mmap",          "mprotect",
                                    "mremap",        "munmap",
                                    "newfstatat",    "openat2",
                                    "poll",          "ppoll",
                                    "pread64",       "read",
                                    "readlink",      "readlinkat",
                                    "readv",         "rseq",
                                    "rt_sigaction",  "rt_sigprocmask",
                                    "rt_sigreturn",  "sched_getaffinity",
                                    "sched_yield",   "stat",
                                    "statfs",        "statx",
                                    "sysinfo",       "uname",
                                    "write",         "writev"},
                          .verdict = {SeccompAct::kAllow}});
  // Opening to read; also what only names a file (O_PATH).
  constexpr uint64_t kChanging = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  const auto only = [&](const char* name, uint8_t index, uint64_t mask, uint64_t value) {
    filter.rules.push_back({.names = {name},
                            .verdict = {SeccompAct::kAllow},
                            .conditions = {{index, SeccompOp::kMaskedEq, mask, value}}});
  };
  only("open", 1, kChanging, O_RDONLY);
  only("openat", 2, kChanging, O_RDONLY);
  // Descriptors, not files. The mask is that of the argument, an int.
  constexpr uint64_t kInt = 0xffffffff;
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC}) {
    only("fcntl", 1, kInt, static_cast<uint64_t>(command));
  }
  // Whether the output is a terminal, and how wide.
  for (const uint64_t request : {TCGETS, TIOCGWINSZ}) only("ioctl", 1, kInt, request);
  // Asking for the version of Landlock, as the plan does.
  only("landlock_create_ruleset", 2, kInt, LANDLOCK_CREATE_RULESET_VERSION);
  return filter;
}

absl::Status DenyOtherCalls() {
  struct utsname names = {};
  if (::uname(&names) != 0) return ErrnoStatus(errno, "uname");
  SeccompContext context;
  context.kernel = ParseKernelVersion(names.release).value_or(KernelVersion{});
  PELAGOS_ASSIGN_OR_RETURN(const SeccompProgram program, CompileSeccomp(OnlyLooking(), context));
  std::vector<sock_filter> instructions = KernelProgram(program);
  const sock_fprog filter = {static_cast<unsigned short>(instructions.size()), instructions.data()};
  const Result set = Call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
  if (!set.ok()) return ErrnoStatus(set.err, "seccomp");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> LockDown() {
  const Result promised = Call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!promised.ok()) return ErrnoStatus(promised.err, "prctl", "PR_SET_NO_NEW_PRIVS");
  const int abi = sys::LandlockAbi();
  if (abi > 0) PELAGOS_RETURN_IF_ERROR(DenyChangesOfFiles(abi));
  PELAGOS_RETURN_IF_ERROR(DenyOtherCalls());
  return abi > 0;
}

}  // namespace pelagos::launch
