#include "pelagos/launch/launcher.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/between.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/channel.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/launch/device_filter.h"
#include "pelagos/launch/failure.h"
#include "pelagos/launch/flatten.h"
#include "pelagos/launch/late_cgroups.h"
#include "pelagos/launch/step_laps.h"
#include "pelagos/launch/wait.h"
#include "pelagos/sys/bpf.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::launch {
namespace {

// A user of the container as the launcher knows it.
std::pair<uid_t, gid_t> OnHost(const LaunchPlan& plan, uid_t uid, gid_t gid) {
  if (plan.ids.empty()) return {uid, gid};
  return {HostIdOf(plan.ids.uids, uid).value_or(kNoId),
          HostIdOf(plan.ids.gids, gid).value_or(kNoId)};
}

// Modes as the plan means them, whatever the caller's umask: the upper folder's is the mode of the
// container's root. A folder that is there already stays as it is.
absl::Status MakeFolders(const LaunchPlan& plan, mode_t umask) {
  constexpr mode_t kMode = 0755;
  for (const std::string& folder : plan.folders) {
    int made = ::mkdir(folder.c_str(), kMode);
    if (made != 0 && errno == ENOENT) {
      PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(sys::FolderOf(folder), 0700));
      made = ::mkdir(folder.c_str(), kMode);
    }
    if (made != 0) {
      if (errno == EEXIST) continue;
      return ErrnoStatus(errno, "mkdir", folder);
    }
    if ((umask & kMode) != 0 && ::chmod(folder.c_str(), kMode) != 0) {
      return ErrnoStatus(errno, "chmod", folder);
    }
    if (plan.ids.empty()) continue;
    const auto [uid, gid] = OnHost(plan, 0, 0);
    if (::chown(folder.c_str(), uid, gid) != 0) return ErrnoStatus(errno, "chown", folder);
  }
  return absl::OkStatus();
}

// A program may open its streams anew by name (/dev/stdout): a pipe lets only its owner do so.
absl::Status GivePipesToUser(const LaunchPlan& plan, const LaunchIo& io) {
  const SetUser* user = nullptr;
  for (const Op& op : plan.ops) {
    if (const auto* found = std::get_if<SetUser>(&op)) user = found;
  }
  if (user == nullptr || (user->uid == 0 && plan.ids.empty())) return absl::OkStatus();
  const auto [uid, gid] = OnHost(plan, user->uid, user->gid);
  for (int fd : {io.stdin_fd, io.stdout_fd, io.stderr_fd}) {
    if (fd < 0) continue;
    struct stat info = {};
    if (::fstat(fd, &info) != 0) return ErrnoStatus(errno, "standard stream", absl::StrCat(fd));
    if (!S_ISFIFO(info.st_mode)) continue;
    // In a user namespace a pipe may be somebody else's: it stays so.
    if (::fchown(fd, uid, gid) != 0 && errno != EPERM && errno != EINVAL) {
      return ErrnoStatus(errno, "fchown", absl::StrCat("standard stream ", fd));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::pair<Fd, Fd>> MakeChannel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "socketpair");
  }
  std::pair<Fd, Fd> pair = {Fd(ends[0]), Fd(ends[1])};
  if (ends[1] < 3) {  // the child's numbers below 3 are its standard streams
    const sys::Result moved = sys::Call(SYS_fcntl, ends[1], F_DUPFD_CLOEXEC, 3);
    if (!moved.ok()) return ErrnoStatus(moved.err, "fcntl");
    pair.second = Fd(static_cast<int>(moved.value));
  }
  return pair;
}

struct Cloned {
  pid_t pid;
  Fd pidfd;
};

// setns(2): a pid namespace is joined by the children of the calling thread. Ours is chosen again
// at once; the child sees neither of the descriptors.
class ChildrensPidNamespace {
 public:
  absl::Status Choose(const LaunchPlan& plan, const LaunchIo& io) {
    for (const NamespaceJoin& join : plan.joins) {
      if (join.kind != Namespace::kPid) continue;
      PELAGOS_ASSIGN_OR_RETURN(const Fd other, OpenJoin(join, io));
      PELAGOS_ASSIGN_OR_RETURN(own_,
                               sys::OpenFile("/proc/thread-self/ns/pid_for_children", O_RDONLY));
      const sys::Result joined = sys::Call(SYS_setns, other.get(), CLONE_NEWPID);
      if (!joined.ok()) {
        own_.reset();
        return ErrnoStatus(joined.err, "joining the pid namespace", JoinText(join));
      }
    }
    return absl::OkStatus();
  }
  absl::Status ChooseOwn() {
    if (!own_.valid()) return absl::OkStatus();
    const sys::Result back = sys::Call(SYS_setns, own_.get(), CLONE_NEWPID);
    own_.reset();
    if (!back.ok()) return ErrnoStatus(back.err, "returning to the own pid namespace");
    return absl::OkStatus();
  }

 private:
  Fd own_;
};

// Does not report: there is a failure to tell already.
void End(const Fd& child) {
  sys::Signal(child, SIGKILL).IgnoreError();
  WaitForExit(child).IgnoreError();
}

// None of our handlers may run in the child: the kernel takes them away as it makes it.
absl::StatusOr<Cloned> Clone(const LaunchPlan& plan, const LaunchIo& io, const ChildPlan& child,
                             const Fd& cgroup) {
  clone_args args = {};
  int pidfd = -1;
  args.flags = plan.namespaces.clone_flags();
  if (child.between.used) args.flags = child.between.root_tree >= 0 ? CLONE_NEWNS : 0;
  args.flags |= CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  if (child.unshare_cgroup) args.flags &= ~static_cast<uint64_t>(CLONE_NEWCGROUP);
  args.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (cgroup.valid()) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(cgroup.get());
  }
  ChildrensPidNamespace pids;
  if (!child.between.used) PELAGOS_RETURN_IF_ERROR(pids.Choose(plan, io));
  const long pid = ::syscall(SYS_clone3, &args, sizeof(args));
  if (pid == 0) ChildMain(child);
  const int error = errno;
  const absl::Status returned = pids.ChooseOwn();
  if (pid < 0) return ErrnoStatus(error, "clone3");
  if (!returned.ok()) {
    End(Fd(pidfd));
    return returned;
  }
  return Cloned{static_cast<pid_t>(pid), Fd(pidfd)};
}

// What the process between made, which then is gone.
absl::StatusOr<Cloned> TakeFirstProcess(const LaunchPlan& plan, const Fd& channel, Cloned between) {
  ChildReport report;
  Fd pidfd;
  sys::Result got = Receive(channel, report, pidfd);
  const absl::StatusOr<ExitStatus> exit = WaitForExit(between.pidfd);
  PELAGOS_RETURN_IF_ERROR(exit.status());
  if (!got.ok()) return ErrnoStatus(got.err, "read");
  if (got.value != sizeof(report)) {
    return absl::AbortedError("the process between ended before the container's first process");
  }
  if (report.kind == ReportKind::kFailed) return WordFailure(plan, report);
  if (report.kind != ReportKind::kCloned || !pidfd.valid()) {
    return absl::InternalError("an unexpected report of the process between");
  }
  return Cloned{static_cast<pid_t>(report.error), std::move(pidfd)};
}

// The program, which the cgroup keeps; invalid: there is none.
absl::StatusOr<Fd> FilterDevices(const CgroupSteps& steps, const Fd& cgroup) {
  if (steps.devices.empty()) return Fd();
  PELAGOS_ASSIGN_OR_RETURN(Fd program, sys::LoadDeviceProgram(CompileDeviceFilter(steps.devices)));
  PELAGOS_RETURN_IF_ERROR(sys::AttachDeviceProgram(cgroup, program));
  return program;
}

// The child waits for it: it is in no cgroup of its own yet, and has done nothing.
[[gnu::noinline]] absl::Status Place(const LaunchPlan& plan, const LaunchIo& io,
                                     const CgroupSteps& late, pid_t pid, Fd& cgroup,
                                     Fd& device_filter) {
  if (io.place == nullptr || *io.place == nullptr) {
    return absl::InternalError("nobody is there to place the process");
  }
  PELAGOS_RETURN_IF_ERROR((*io.place)(pid), plan.cgroup.placed_by);
  if (plan.cgroup.joined) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(CreateCgroups(late));
  if (plan.cgroup.v2.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(cgroup, sys::OpenFile(plan.cgroup.v2, O_PATH | O_DIRECTORY));
  PELAGOS_ASSIGN_OR_RETURN(device_filter, FilterDevices(plan.cgroup, cgroup));
  return absl::OkStatus();
}

absl::StatusOr<Starting> Failed(const LaunchPlan& plan, const absl::Status& status) {
  return internal::WithContext(status, NameOf(plan));
}

}  // namespace

absl::StatusOr<Starting> Launch(std::shared_ptr<const LaunchPlan> shared, const LaunchIo& io) {
  const LaunchPlan& plan = *shared;
  sys::SelfStatus self;
  LaunchIo with_self = io;
  if (io.self == nullptr) {
    absl::StatusOr<sys::SelfStatus> read = sys::ReadSelfStatus();
    if (!read.ok()) return Failed(plan, read.status());
    self = *read;
    with_self.self = &self;
  }
  if (absl::Status made = MakeFolders(plan, with_self.self->umask); !made.ok()) {
    return Failed(plan, made);
  }
  if (absl::Status given = GivePipesToUser(plan, io); !given.ok()) return Failed(plan, given);
  absl::StatusOr<std::pair<Fd, Fd>> channel = MakeChannel();
  if (!channel.ok()) return Failed(plan, channel.status());
  const CgroupParts parts = PartsOf(plan);
  if (absl::Status made = CreateCgroups(parts.early); !made.ok()) return Failed(plan, made);
  absl::Cleanup remove_cgroups = [&parts] { RemoveCgroups(parts.early).IgnoreError(); };

  Fd cgroup, device_filter;
  if (!plan.cgroup.v2.empty() && plan.cgroup.placed_by.empty()) {
    absl::StatusOr<Fd> opened = sys::OpenFile(plan.cgroup.v2, O_PATH | O_DIRECTORY);
    if (!opened.ok()) return Failed(plan, opened.status());
    cgroup = *std::move(opened);
    // Before the child is there: it never runs without.
    absl::StatusOr<Fd> filter = FilterDevices(plan.cgroup, cgroup);
    if (!filter.ok()) return Failed(plan, filter.status());
    device_filter = *std::move(filter);
  }
  Lap(io.laps, "folders and cgroups");
  absl::StatusOr<FlatPlan> flat =
      Flatten(plan, with_self, channel->first.get(), channel->second.get());
  if (!flat.ok()) return Failed(plan, flat.status());
  std::shared_ptr<StepLaps> steps;
  if (io.laps != nullptr) {
    absl::StatusOr<StepLaps> made = StepLaps::For(plan);
    if (!made.ok()) return Failed(plan, made.status());
    steps = std::make_shared<StepLaps>(*std::move(made));
    flat->Time(steps->times());
    io.laps->Lap("sources of mounts, and the plan flattened");
  }
  absl::StatusOr<Cloned> cloned = Clone(plan, io, flat->child(), cgroup);
  if (!cloned.ok()) return Failed(plan, cloned.status());
  if (!plan.cgroup.placed_by.empty()) {
    absl::Status placed = Place(plan, io, parts.late, cloned->pid, cgroup, device_filter);
    if (placed.ok()) placed = Go(channel->first);
    if (!placed.ok()) {
      End(cloned->pidfd);
      return Failed(plan, placed);
    }
  }
  if (flat->child().between.used) {
    channel->second.reset();  // its end is told from a silence
    cloned = TakeFirstProcess(plan, channel->first, *std::move(cloned));
    if (!cloned.ok()) return Failed(plan, cloned.status());
  }
  if (!parts.late.v1.empty()) {
    absl::Status made = CreateCgroups(parts.late);
    if (made.ok()) made = Go(channel->first);
    if (!made.ok()) {
      // What is there may be a namesake's: it is not ours to remove.
      End(cloned->pidfd);
      return Failed(plan, made);
    }
  }
  std::move(remove_cgroups).Cancel();
  const bool needs_maps = flat->child().between.await_maps;
  flat->Adopt(std::move(channel->second));
  flat->Adopt(std::move(cgroup));
  flat->Adopt(std::move(device_filter));
  Starting starting(std::move(shared), cloned->pid, std::move(cloned->pidfd),
                    std::move(channel->first));
  starting.laps_ = io.laps;
  starting.steps_ = std::move(steps);
  if (needs_maps) {
    // A failure drops it, and the child with it.
    if (absl::Status written = starting.WriteIdMaps(); !written.ok()) return Failed(plan, written);
  }
  return starting;
}

}  // namespace pelagos::launch
