#include "pelagos/net/proxy/rights.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <cerrno>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/policy/seccomp_compile.h"
#include "pelagos/sys/raw.h"

namespace pelagos::net {
namespace {

SeccompFilter OnlyPassingOn() {
  SeccompFilter filter;
  filter.otherwise = {SeccompAct::kErrno, EPERM};
  filter.rules.push_back(
      {.names = {"accept4",   "brk",          "clock_gettime",   "close",   "connect",
                 "epoll_ctl", "epoll_pwait",  "epoll_wait",      "exit",    "exit_group",
                 "futex",     "getrandom",    "getsockopt",      "madvise", "mmap",
                 "mremap",    "munmap",       "pipe2",           "read",    "recvfrom",
                 "recvmsg",   "rt_sigreturn", "sendmsg",         "sendto",  "setsockopt",
                 "shutdown",  "splice",       "timerfd_settime", "write"},
       .verdict = {SeccompAct::kAllow}});
  constexpr uint64_t kInt = 0xffffffff;  // an argument that is an int
  const auto only = [&](const char* name, uint8_t index, uint64_t value) {
    filter.rules.push_back({.names = {name},
                            .verdict = {SeccompAct::kAllow},
                            .conditions = {{index, SeccompOp::kMaskedEq, kInt, value}}});
  };
  only("socket", 0, AF_INET);
  only("socket", 0, AF_INET6);
  only("fcntl", 1, F_SETPIPE_SZ);
  return filter;
}

}  // namespace

absl::Status GiveUpRights() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus(errno, "prctl");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  const sys::Result dropped = sys::Call(SYS_capset, &header, none);
  if (!dropped.ok()) return ErrnoStatus(dropped.err, "capset");
  struct utsname names = {};
  if (::uname(&names) != 0) return ErrnoStatus(errno, "uname");
  SeccompContext context;
  context.kernel = ParseKernelVersion(names.release).value_or(KernelVersion{});
  PELAGOS_ASSIGN_OR_RETURN(const SeccompProgram program, CompileSeccomp(OnlyPassingOn(), context));
  std::vector<sock_filter> instructions;
  for (const BpfInstruction& in : program) instructions.push_back({in.code, in.jt, in.jf, in.k});
  const sock_fprog filter = {static_cast<unsigned short>(instructions.size()), instructions.data()};
  const sys::Result set = sys::Call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
  if (!set.ok()) return ErrnoStatus(set.err, "seccomp");
  return absl::OkStatus();
}

}  // namespace pelagos::net
