// Processes: known by pidfd, or by pid *and* start time, never by a pid alone.
//
// Source: pidfd_open(2), pidfd_send_signal(2), proc_pid_stat(5), posix_spawn(3).
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

// Close-on-exec by nature. NOT_FOUND (ESRCH) if there is no such process.
inline absl::StatusOr<Fd> OpenPidfd(pid_t pid) {
  const Result result = Call(SYS_pidfd_open, pid, 0);
  if (!result.ok()) return ErrnoStatus(result.err, "pidfd_open", absl::StrCat(pid));
  return Fd(static_cast<int>(result.value));
}

// What /proc/PID/stat says that we need.
struct ProcessStat {
  char state = '?';         // 'R', 'S', 'Z', ...
  pid_t parent = 0;
  uint64_t start_time = 0;  // field 22, clock ticks since boot
};

// `text` is the content of /proc/PID/stat. The program's name in it may hold anything, blanks and
// parentheses too: the fields are counted from the last ')'.
inline std::optional<ProcessStat> ParseProcessStat(absl::string_view text) {
  constexpr size_t kState = 3, kStartTime = 22;
  const size_t name_end = text.rfind(')');
  if (name_end == absl::string_view::npos || name_end + 2 > text.size()) return std::nullopt;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text.substr(name_end + 1), ' ', absl::SkipEmpty());
  ProcessStat stat;
  if (fields.size() <= kStartTime - kState || fields[0].size() != 1 ||
      !absl::SimpleAtoi(fields[1], &stat.parent) ||
      !absl::SimpleAtoi(fields[kStartTime - kState], &stat.start_time)) {
    return std::nullopt;
  }
  stat.state = fields[0][0];
  return stat;
}

inline absl::StatusOr<ProcessStat> ReadProcessStat(pid_t pid) {
  const std::string path = absl::StrCat("/proc/", pid, "/stat");
  PELAGOS_ASSIGN_OR_RETURN(std::string text, ReadFileAtOnce(path, 65536));
  const std::optional<ProcessStat> stat = ParseProcessStat(text);
  if (!stat) return absl::InternalError(absl::StrCat("'", path, "' is not understood"));
  return *stat;
}

inline absl::StatusOr<uint64_t> StartTime(pid_t pid) {
  PELAGOS_ASSIGN_OR_RETURN(ProcessStat stat, ReadProcessStat(pid));
  return stat.start_time;
}

// Names a process for as long as the machine is up; a later process with the same pid differs.
struct ProcessIdentity {
  pid_t pid = 0;
  uint64_t start_time = 0;
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

// False also for a zombie: it does nothing any more, whoever has to reap it.
inline bool IsAlive(const ProcessIdentity& identity) {
  if (identity.pid <= 0) return false;
  const absl::StatusOr<ProcessStat> stat = ReadProcessStat(identity.pid);
  return stat.ok() && stat->start_time == identity.start_time && stat->state != 'Z' &&
         stat->state != 'X';
}

// A pidfd of exactly this process: taken first, compared after. NOT_FOUND if it is gone.
inline absl::StatusOr<Fd> OpenPidfd(const ProcessIdentity& identity) {
  PELAGOS_ASSIGN_OR_RETURN(Fd pidfd, OpenPidfd(identity.pid));
  if (!IsAlive(identity)) {
    return absl::NotFoundError(absl::StrCat("process ", identity.pid, " is gone"));
  }
  return pidfd;
}

// NOT_FOUND (ESRCH) if the process is gone.
inline absl::Status Signal(const Fd& pidfd, int signal) {
  const Result result = Call(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
  if (!result.ok()) return ErrnoStatus(result.err, "pidfd_send_signal", absl::StrCat(signal));
  return absl::OkStatus();
}

// Of a program that StartProgram starts. A descriptor of -1 stands for /dev/null; they stay the
// caller's. Nothing else is inherited: all our descriptors are close-on-exec.
struct ProgramOptions {
  int stdin_fd = -1;
  int stdout_fd = 1;
  int stderr_fd = 2;
  std::optional<std::vector<std::string>> env;  // KEY=VALUE; the caller's where not given
};

namespace internal {

inline std::vector<char*> Pointers(std::vector<std::string>& list) {
  std::vector<char*> pointers;
  for (std::string& text : list) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace internal

// Starts the program at `path` (not looked up in PATH) with `argv` (argv[0] included). The value is
// the pid of our child, for the caller to wait for. The program gets default signal dispositions
// and an empty signal mask.
inline absl::StatusOr<pid_t> StartProgram(const std::string& path, std::vector<std::string> argv,
                                          ProgramOptions options = {}) {
  std::vector<char*> argv_pointers = internal::Pointers(argv);
  std::vector<char*> env_pointers;
  if (options.env) env_pointers = internal::Pointers(*options.env);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int error = ::posix_spawn_file_actions_init(&actions);
  if (error != 0) return ErrnoStatus(error, "posix_spawn_file_actions_init");
  error = ::posix_spawnattr_init(&attributes);
  if (error != 0) {
    ::posix_spawn_file_actions_destroy(&actions);
    return ErrnoStatus(error, "posix_spawnattr_init");
  }
  // Copies above 2 first, so that no dup2 overwrites the source of a later one.
  std::vector<Fd> copies;
  const int fds[] = {options.stdin_fd, options.stdout_fd, options.stderr_fd};
  for (int target = 0; target < 3 && error == 0; ++target) {
    if (fds[target] < 0) {
      error = ::posix_spawn_file_actions_addopen(&actions, target, "/dev/null",
                                                 target == 0 ? O_RDONLY : O_WRONLY, 0);
      continue;
    }
    const Result copy = Call(SYS_fcntl, fds[target], F_DUPFD_CLOEXEC, 3);
    if (!copy.ok()) {
      error = copy.err;
      break;
    }
    copies.emplace_back(static_cast<int>(copy.value));
    error = ::posix_spawn_file_actions_adddup2(&actions, copies.back().get(), target);
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  pid_t pid = -1;
  if (error == 0) {
    error = ::posix_spawn(&pid, path.c_str(), &actions, &attributes, argv_pointers.data(),
                          options.env ? env_pointers.data() : environ);
  }
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoStatus(error, "starting", path);
  return pid;
}

// The same, and waits. The value is its exit code, or 128 + the signal that ended it.
inline absl::StatusOr<int> RunProgram(const std::string& path, std::vector<std::string> argv,
                                      ProgramOptions options = {}) {
  PELAGOS_ASSIGN_OR_RETURN(const pid_t pid,
                           StartProgram(path, std::move(argv), std::move(options)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "waitpid", path);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The file `name` in the folder of the running program: how Pelagos' programs find each other. A
// program that embeds Pelagos lies elsewhere: PELAGOS_PROGRAMS names the folder then.
inline absl::StatusOr<std::string> SiblingProgram(absl::string_view name) {
  if (const char* folder = std::getenv("PELAGOS_PROGRAMS"); folder != nullptr && *folder != '\0') {
    return absl::StrCat(folder, "/", name);
  }
  std::string path(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length < 0) return ErrnoStatus(errno, "readlink", "/proc/self/exe");
  path.resize(static_cast<size_t>(length));
  return absl::StrCat(FolderOf(path), "/", name);
}

}  // namespace pelagos::sys
