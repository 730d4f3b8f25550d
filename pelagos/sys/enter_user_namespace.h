// Going into a user namespace of one's own, with a mount namespace that belongs to it: from then on
// an ordinary user's process has every capability in there.
//
// Source: user_namespaces(7), unshare(2), newuidmap(1), newgidmap(1).
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

struct NewIds {
  // The programs that write the maps. Empty: we do, which the kernel allows for one id, the
  // caller's, if setgroups(2) is denied.
  std::string newuidmap, newgidmap;
  std::string uids, gids;  // as /proc/PID/uid_map takes them
};

namespace internal {

inline absl::StatusOr<std::pair<Fd, Fd>> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  return std::pair<Fd, Fd>(Fd(ends[0]), Fd(ends[1]));
}

// Both programs, one after the other; the exit code of the first that fails.
inline int WriteMaps(const NewIds& ids, pid_t pid, const Fd& answer) {
  for (const bool users : {true, false}) {
    const std::string& program = users ? ids.newuidmap : ids.newgidmap;
    std::vector<std::string> argv = {program, absl::StrCat(pid)};
    for (absl::string_view number :
         absl::StrSplit(users ? ids.uids : ids.gids, absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
      argv.emplace_back(number);
    }
    const absl::StatusOr<int> code =
        RunProgram(program, argv, {-1, answer.get(), answer.get(), {}});
    if (!code.ok()) {
      (void)WriteAll(answer, code.status().message(), "").ok();
      return 1;
    }
    if (*code != 0) return *code;
  }
  return 0;
}

}  // namespace internal

// For good. Requires: one thread. The process is user and group 0 of the new namespace, or whatever
// `ids` make of its ids. On failure it may be half way: nothing is left to do then but to end.
inline absl::Status EnterUserNamespace(const NewIds& ids) {
  constexpr int kNamespaces = CLONE_NEWUSER | CLONE_NEWNS;
  if (ids.newuidmap.empty()) {
    const Result made = Call(SYS_unshare, kNamespaces);
    if (!made.ok()) return ErrnoStatus(made.err, "unshare", "a user namespace");
    PELAGOS_RETURN_IF_ERROR(WriteKernelFile("/proc/self/setgroups", "deny"));
    PELAGOS_RETURN_IF_ERROR(WriteKernelFile("/proc/self/uid_map", ids.uids));
    return WriteKernelFile("/proc/self/gid_map", ids.gids);
  }
  // Maps of more ids are written from outside: by a child that stays where we were.
  PELAGOS_ASSIGN_OR_RETURN(auto go, internal::MakePipe());
  PELAGOS_ASSIGN_OR_RETURN(auto answer, internal::MakePipe());
  const pid_t self = ::getpid();
  const pid_t helper = ::fork();
  if (helper < 0) return ErrnoStatus(errno, "fork");
  if (helper == 0) {
    go.second.reset();
    char byte;
    if (Call(SYS_read, go.first.get(), &byte, 1).value != 1) ::_exit(0);
    ::_exit(internal::WriteMaps(ids, self, answer.second));
  }
  answer.second.reset();
  const Result made = Call(SYS_unshare, kNamespaces);
  if (made.ok()) (void)Call(SYS_write, go.second.get(), "g", 1);
  go.second.reset();
  const absl::StatusOr<std::string> said = ReadAll(answer.first, 65536, "the id maps' programs");
  int status = 0;
  while (::waitpid(helper, &status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "waitpid");
  }
  if (!made.ok()) return ErrnoStatus(made.err, "unshare", "a user namespace");
  PELAGOS_RETURN_IF_ERROR(said.status());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("newuidmap and newgidmap: ", absl::StripAsciiWhitespace(*said)));
}

// Into one that is there and whose owner the caller is, with a mount namespace of its own; for
// good. Requires: one thread.
inline absl::Status JoinUserNamespace(const Fd& users) {
  const Result joined = Call(SYS_setns, users.get(), CLONE_NEWUSER);
  if (!joined.ok()) return ErrnoStatus(joined.err, "joining its user namespace");
  const Result made = Call(SYS_unshare, CLONE_NEWNS);
  if (!made.ok()) return ErrnoStatus(made.err, "unshare", "a mount namespace");
  return absl::OkStatus();
}

}  // namespace pelagos::sys
