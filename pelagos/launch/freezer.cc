#include "pelagos/launch/freezer.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

constexpr size_t kMostFile = 16 << 20;
constexpr std::chrono::seconds kPatience(10);

// cgroup.events tells when it is done (POLLPRI).
absl::Status FreezeV2(const std::string& folder, bool frozen) {
  const std::string path = folder + "/cgroup.events";
  PELAGOS_ASSIGN_OR_RETURN(const Fd events, sys::OpenFile(path, O_RDONLY));
  PELAGOS_RETURN_IF_ERROR(sys::WriteKernelFile(folder + "/cgroup.freeze", frozen ? "1" : "0"));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    char text[256];
    const ssize_t size = ::pread(events.get(), text, sizeof(text), 0);
    if (size < 0) return ErrnoStatus(errno, "read", path);
    const absl::string_view content(text, static_cast<size_t>(size));
    if (absl::StrContains(content, frozen ? "frozen 1" : "frozen 0")) return absl::OkStatus();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                          deadline - std::chrono::steady_clock::now())
                          .count();
    if (left <= 0) return absl::DeadlineExceededError("unable to freeze");
    pollfd wait = {events.get(), POLLPRI, 0};
    if (::poll(&wait, 1, static_cast<int>(left)) < 0 && errno != EINTR) {
      return ErrnoStatus(errno, "poll");
    }
  }
}

// freezer.state says FREEZING until all have stopped, and the kernel tells nobody when: the file
// has no event, and v1 takes stock only when it is read (cgroup-v1/freezer-subsystem.rst). Between
// two looks membarrier(2) waits until every processor has been through the scheduler, where those
// that are to stop have to go; where it may not be used, what is left is to let others run.
absl::Status FreezeV1(const std::string& folder, bool frozen) {
  const absl::string_view wanted = frozen ? "FROZEN" : "THAWED";
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    PELAGOS_RETURN_IF_ERROR(sys::WriteKernelFile(folder + "/freezer.state", wanted));
    PELAGOS_ASSIGN_OR_RETURN(const std::string state, sys::ReadFile(folder + "/freezer.state", 64));
    if (absl::StartsWith(state, wanted)) return absl::OkStatus();
    if (std::chrono::steady_clock::now() >= deadline) {
      return absl::DeadlineExceededError("unable to freeze");
    }
    if (!sys::Call(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0).ok()) {
      (void)sys::Call(SYS_sched_yield);
    }
  }
}

bool IsFrozenV1(const std::string& freezer) {
  if (freezer.empty()) return false;
  const auto text = sys::ReadFile(freezer + "/freezer.state", 64);
  return text.ok() && !absl::StartsWith(*text, "THAWED");
}

}  // namespace

bool IsFrozen(const std::string& v2, const std::string& v1_freezer) {
  if (!v2.empty()) {
    const auto text = sys::ReadFileAtOnce(v2 + "/cgroup.freeze", 16);
    if (text.ok() && absl::StartsWith(*text, "1")) return true;
  }
  return IsFrozenV1(v1_freezer);
}

// Frozen by v2 where there is one. On a hybrid host somebody else may have used v1.
absl::Status Freeze(const std::string& v2, const std::string& v1_freezer, bool frozen) {
  if (!v2.empty()) {
    PELAGOS_RETURN_IF_ERROR(FreezeV2(v2, frozen));
    if (frozen || !IsFrozenV1(v1_freezer)) return absl::OkStatus();
  }
  if (v1_freezer.empty()) return absl::FailedPreconditionError("this host has no freezer");
  return FreezeV1(v1_freezer, frozen);
}

absl::StatusOr<std::vector<pid_t>> ProcessesBelow(const std::string& folder) {
  std::vector<pid_t> pids;
  std::vector<std::string> folders = {folder};
  for (size_t i = 0; i < folders.size(); ++i) {
    const absl::StatusOr<std::string> text = sys::ReadFile(folders[i] + "/cgroup.procs", kMostFile);
    if (FindErrno(text.status()) == ENOENT || FindErrno(text.status()) == ENODEV) continue;
    PELAGOS_RETURN_IF_ERROR(text.status());
    for (absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
      pid_t pid = 0;
      if (absl::SimpleAtoi(line, &pid) && pid > 0) pids.push_back(pid);
    }
    const auto names = sys::ListFolder(folders[i]);
    if (!names.ok()) continue;  // gone meanwhile
    for (const std::string& name : *names) {
      struct stat info = {};
      const std::string path = absl::StrCat(folders[i], "/", name);
      if (::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) folders.push_back(path);
    }
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace pelagos::launch
