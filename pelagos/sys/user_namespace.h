// A user namespace that exists only for its id maps: what an idmapped mount is made with.
//
// Source: user_namespaces(7), clone(2), mount_setattr(2) ("ID-mapped mounts").
#pragma once

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstdint>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

// `uids` and `gids` are the whole content of uid_map and gid_map. The namespace lives as long as
// the descriptor or a mount that uses it.
inline absl::StatusOr<Fd> MakeUserNamespace(const std::string& uids, const std::string& gids) {
  // The child shares nothing but the text of the program, and does nothing but wait for its end:
  // that the caller has other threads does not matter.
  int pidfd = -1;
  clone_args args = {};
  args.flags = CLONE_NEWUSER | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  const Result child = Call(SYS_clone3, &args, sizeof(args));
  if (!child.ok()) return ErrnoStatus(child.err, "clone3", "a user namespace");
  if (child.value == 0) {
    (void)Call(SYS_prctl, 1 /* PR_SET_PDEATHSIG */, SIGKILL, 0, 0, 0);
    for (;;) (void)::syscall(SYS_pause);
  }
  const Fd process(pidfd);
  const auto end = absl::MakeCleanup([&] {
    siginfo_t info;
    (void)Call(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
    (void)Call(SYS_waitid, P_PIDFD, process.get(), &info, WEXITED, nullptr);
  });
  const std::string folder = absl::StrCat("/proc/", child.value, "/");
  PELAGOS_RETURN_IF_ERROR(WriteKernelFile(folder + "uid_map", uids));
  PELAGOS_RETURN_IF_ERROR(WriteKernelFile(folder + "gid_map", gids));
  return OpenFile(folder + "ns/user", O_RDONLY);
}

}  // namespace pelagos::sys
