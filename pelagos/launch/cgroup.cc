#include "pelagos/launch/cgroup.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience(10);
constexpr size_t kMaxControlFile = 16u << 20;

std::vector<std::string> Folders(const CgroupSteps& steps) {
  std::vector<std::string> folders = steps.v1;
  if (!steps.v2.empty()) folders.insert(folders.begin(), steps.v2);
  return folders;
}

bool IsMissing(const absl::Status& status) {
  const std::optional<int> error = FindErrno(status);
  return error == ENOENT || error == ENODEV;  // ENODEV: removed while its files were open
}

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

absl::StatusOr<std::vector<pid_t>> Processes(const std::string& folder) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadFile(folder + "/cgroup.procs", kMaxControlFile));
  std::vector<pid_t> pids;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    pid_t pid = 0;
    // 0 stands for a process that this pid namespace does not see.
    if (absl::SimpleAtoi(line, &pid) && pid > 0) pids.push_back(pid);
  }
  return pids;
}

// Kills every process of one folder and waits for their ends. A fork may outrun one round.
absl::Status KillProcesses(const std::string& folder, Clock::time_point deadline) {
  for (;;) {
    absl::StatusOr<std::vector<pid_t>> pids = Processes(folder);
    if (!pids.ok()) return IsMissing(pids.status()) ? absl::OkStatus() : pids.status();
    if (pids->empty()) return absl::OkStatus();
    std::vector<Fd> pidfds;
    for (pid_t pid : *pids) {
      absl::StatusOr<Fd> pidfd = sys::OpenPidfd(pid);
      if (!pidfd.ok()) continue;  // ended meanwhile
      const absl::Status killed = sys::Signal(*pidfd, SIGKILL);
      if (!killed.ok() && FindErrno(killed) != ESRCH) return killed;
      pidfds.push_back(*std::move(pidfd));
    }
    for (const Fd& pidfd : pidfds) {
      pollfd wait = {pidfd.get(), POLLIN, 0};
      int ready = 0;
      do {
        ready = ::poll(&wait, 1, MillisecondsUntil(deadline));
      } while (ready < 0 && errno == EINTR);
      if (ready < 0) return ErrnoStatus(errno, "poll");
      if (ready == 0) {
        return absl::DeadlineExceededError(
            absl::StrCat("a process in '", folder, "' does not end, though killed"));
      }
    }
  }
}

// v2: one write kills all below, and cgroup.events tells when nobody is left (POLLPRI). False: the
// kernel has no cgroup.kill (before 5.14).
absl::StatusOr<bool> KillAtOnce(const std::string& folder, Clock::time_point deadline) {
  const absl::Status killed = sys::WriteKernelFile(folder + "/cgroup.kill", "1");
  if (!killed.ok()) {
    if (IsMissing(killed)) return false;
    return killed;
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd events, sys::OpenFile(folder + "/cgroup.events", O_RDONLY));
  for (;;) {
    char text[256];
    const ssize_t size = ::pread(events.get(), text, sizeof(text), 0);
    if (size < 0) return ErrnoStatus(errno, "read", folder + "/cgroup.events");
    if (absl::StrContains(absl::string_view(text, static_cast<size_t>(size)), "populated 0")) {
      return true;
    }
    pollfd wait = {events.get(), POLLPRI, 0};
    const int ready = ::poll(&wait, 1, MillisecondsUntil(deadline));
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
    if (ready == 0) {
      return absl::DeadlineExceededError(
          absl::StrCat("a process in '", folder, "' does not end, though killed"));
    }
  }
}

// The folders below `top` and itself, parents first; the container may have made its own.
absl::StatusOr<std::vector<std::string>> Tree(const std::string& top) {
  std::vector<std::string> folders = {top};
  for (size_t i = 0; i < folders.size(); ++i) {
    absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(folders[i]);
    if (!names.ok()) {
      if (IsMissing(names.status())) continue;
      return names.status();
    }
    for (const std::string& name : *names) {
      const std::string path = absl::StrCat(folders[i], "/", name);
      struct stat info = {};
      if (::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) folders.push_back(path);
    }
  }
  return folders;
}

// The folders below `top` and itself, children first. False: one is busy.
absl::StatusOr<bool> RemoveFolders(const std::string& top) {
  // What is empty goes at once; only what is not needs a closer look.
  if (::rmdir(top.c_str()) == 0 || errno == ENOENT) return true;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> folders, Tree(top), "cgroup");
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    if (::rmdir(folder->c_str()) == 0 || errno == ENOENT) continue;
    if (errno == EBUSY) return false;
    return ErrnoStatus(errno, "rmdir", *folder);
  }
  return true;
}

absl::Status KillAll(const std::string& top, Clock::time_point deadline) {
  PELAGOS_ASSIGN_OR_RETURN(const bool killed, KillAtOnce(top, deadline), "cgroup");
  if (killed) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> folders, Tree(top), "cgroup");
  for (const std::string& folder : folders) {
    PELAGOS_RETURN_IF_ERROR(KillProcesses(folder, deadline), "cgroup");
  }
  return absl::OkStatus();
}

// Busy after all are killed and have ended: somebody came in meanwhile, or a processor has still to
// leave the last one that ended, which v1 tells nobody. membarrier(2) returns when all have been
// elsewhere; where it may not be used, what is left is to ask again.
absl::Status RemoveCgroup(const std::string& top) {
  // With its pid namespace all its processes are gone, mostly.
  if (::rmdir(top.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  const Clock::time_point deadline = Clock::now() + kPatience;
  for (;;) {
    PELAGOS_RETURN_IF_ERROR(KillAll(top, deadline));
    PELAGOS_ASSIGN_OR_RETURN(const bool removed, RemoveFolders(top));
    if (removed) return absl::OkStatus();
    if (Clock::now() >= deadline) {
      return absl::DeadlineExceededError(absl::StrCat("cgroup '", top, "' stays busy"));
    }
    (void)sys::Call(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
  }
}

absl::Status MakeCgroup(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0) return absl::OkStatus();
  if (errno != EEXIST) return ErrnoStatus(errno, "mkdir", folder);
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<pid_t> pids, Processes(folder));
  if (pids.empty()) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat("'", folder, "' holds running processes"));
}

// In v1 a new cpuset has nothing, and nobody below it can have anything (cpuset(7)): neither below
// one that somebody else made and left so.
absl::Status MakeParent(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, "mkdir", folder);
  }
  if (::access((folder + "/tasks").c_str(), F_OK) != 0) return absl::OkStatus();  // v2
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    const absl::StatusOr<std::string> own = sys::ReadFile(folder + file, kMaxControlFile);
    if (!own.ok()) return IsMissing(own.status()) ? absl::OkStatus() : own.status();
    if (!absl::StripAsciiWhitespace(*own).empty()) continue;
    PELAGOS_ASSIGN_OR_RETURN(const std::string above,
                             sys::ReadFile(sys::FolderOf(folder) + file, kMaxControlFile));
    PELAGOS_RETURN_IF_ERROR(sys::WriteKernelFile(folder + file, above));
  }
  return absl::OkStatus();
}

// The file that was written last stays open: rules for devices follow each other in one.
class ControlFile {
 public:
  absl::Status Write(const std::string& path, absl::string_view value) {
    if (path != path_) {
      path_.clear();
      PELAGOS_ASSIGN_OR_RETURN(file_, sys::OpenFile(path, O_WRONLY));
      path_ = path;
    }
    return sys::WriteKernelFile(file_, value, path);
  }

 private:
  std::string path_;
  Fd file_;
};

// A controller that is there may still be built without what one of its files is for.
absl::Status WriteLimit(const CgroupWrite& write, ControlFile& file) {
  absl::Status written = file.Write(write.file, write.value);
  if (written.ok() || FindErrno(written) != ENOENT) return written;
  if (!write.other_file.empty()) {
    written = file.Write(write.other_file, write.other_value);
    if (written.ok() || FindErrno(written) != ENOENT) return written;
  }
  return internal::WithContext(written, "this kernel has no such setting");
}

}  // namespace

absl::Status CreateCgroups(const CgroupSteps& steps) {
  if (steps.joined) return absl::OkStatus();
  for (const std::string& parent : steps.parents) {
    PELAGOS_RETURN_IF_ERROR(MakeParent(parent), "cgroup parent");
  }
  for (const CgroupWrite& write : steps.enable) {
    const absl::Status written = sys::WriteKernelFile(write.file, write.value);
    if (!write.optional) PELAGOS_RETURN_IF_ERROR(written, "cgroup");
  }
  std::vector<std::string> made;
  absl::Cleanup undo = [&made] {
    // The failure that led here is the one to report.
    for (const std::string& folder : made) ::rmdir(folder.c_str());
  };
  for (const std::string& folder : Folders(steps)) {
    PELAGOS_RETURN_IF_ERROR(MakeCgroup(folder), "cgroup");
    made.push_back(folder);
  }
  PELAGOS_RETURN_IF_ERROR(WriteLimits(steps.limits));
  std::move(undo).Cancel();
  return absl::OkStatus();
}

absl::Status WriteLimits(const std::vector<CgroupWrite>& limits) {
  ControlFile file;
  for (const CgroupWrite& write : limits) {
    const absl::Status written = WriteLimit(write, file);
    if (!write.optional) PELAGOS_RETURN_IF_ERROR(written, "cgroup limit");
  }
  return absl::OkStatus();
}

absl::Status ChangeLimits(const std::vector<CgroupWrite>& limits) {
  std::vector<CgroupWrite> refused;
  for (const CgroupWrite& write : limits) {
    if (!WriteLimits({write}).ok()) refused.push_back(write);
  }
  return WriteLimits(refused);
}

absl::Status RemoveCgroups(const CgroupSteps& steps) {
  absl::Status result;
  if (steps.joined) return result;
  for (const std::string& folder : Folders(steps)) {
    const absl::Status removed = RemoveCgroup(folder);
    if (result.ok()) result = removed;
  }
  return result;
}

absl::Status RemoveCgroups(absl::string_view name, const std::vector<std::string>& mounts) {
  CgroupSteps steps;
  for (const std::string& mount : mounts) steps.v1.push_back(absl::StrCat(mount, "/", name));
  return RemoveCgroups(steps);
}

absl::StatusOr<uint64_t> OomKills(const CgroupSteps& steps) {
  for (const std::string& folder : Folders(steps)) {
    for (const char* file : {"/memory.events", "/memory.oom_control"}) {
      const absl::StatusOr<std::string> text = sys::ReadFile(folder + file, kMaxControlFile);
      if (!text.ok()) {
        if (IsMissing(text.status())) continue;
        return text.status();
      }
      for (absl::string_view line : absl::StrSplit(*text, '\n')) {
        uint64_t count = 0;
        if (absl::ConsumePrefix(&line, "oom_kill ") && absl::SimpleAtoi(line, &count)) {
          return count;
        }
      }
    }
  }
  return 0;
}

}  // namespace pelagos::launch
