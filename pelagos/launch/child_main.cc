// The container's first process on its way to execve(2). Nothing here allocates, locks, logs or
// calls libc beyond syscall(2) and errno; signal_safe_test holds this object to that. It is
// compiled without exceptions, stack protector, builtins and sanitisers (BUILD.bazel).
//
// Everything inside the container's root is found with openat2(2) from the root's descriptor.

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/if.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <time.h>

#include "pelagos/launch/child_between.h"

namespace pelagos::launch {
namespace {

class Child : private ChildBetween {
 public:
  using ChildBetween::ChildBetween;

  [[noreturn]] void Run() noexcept {
    Prepare();
    NoteTime(0);
    for (size_t i = 0; i < plan_.op_count; ++i) {
      if (i == plan_.await_cgroups_at) {
        AwaitParent();
        JoinCgroups();
        UnshareCgroup();
      }
      index_ = plan_.ops[i].index;
      Do(plan_.ops[i]);
      NoteTime(i + 1);
      SweepIfMany();
    }
    Die(Part::kCall, ENOEXEC);  // flatten sees to it that the last operation is kExec
  }

 private:
  void NoteTime(size_t index) noexcept {
    if (plan_.times == nullptr) return;
    timespec now = {};
    (void)Call(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    plan_.times[index] = int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  }

  void Prepare() noexcept {
    // First of all the other end of our own channel, whose closing tells us that the parent is
    // gone. The parent's other work is let go before we wait for anything, or at the latest by
    // execve.
    Must(Call(SYS_close, plan_.parents_end), Part::kDescriptors);
    DieWithParent();
    if (!plan_.streams_are_inherited) FillStandardStreams();

    const bool is_late = plan_.await_cgroups_at != ChildPlan::kNever;
    if (plan_.await_placing) AwaitParent();
    if (!is_late) JoinCgroups();
    if (plan_.between.used) PrepareBetween();
    for (index_ = 0; index_ < plan_.join_count; ++index_) {
      const ChildJoin& join = plan_.joins[index_];
      Must(Call(SYS_setns, join.fd, join.flag), Part::kJoin);
    }
    index_ = 0;
    if (plan_.between.used) GoBetween();
    if (!is_late) UnshareCgroup();
    ResetSignals();
    Must(Call(SYS_setsid), Part::kSession);
    (void)Call(SYS_umask, 0);  // modes below are meant as they stand; the program gets 022
  }

  // cgroups(7), v1: one thread that moves itself waits for nobody else's.
  void JoinCgroups() noexcept {
    for (index_ = 0; plan_.cgroup_tasks[index_] != nullptr; ++index_) {
      const int tasks = static_cast<int>(
          Must(Call(SYS_openat, AT_FDCWD, plan_.cgroup_tasks[index_], O_WRONLY | O_CLOEXEC, 0),
               Part::kCgroup));
      Must(Call(SYS_write, tasks, "0", 1), Part::kCgroup);
      Close(tasks);
    }
    index_ = 0;
  }

  void UnshareCgroup() noexcept {
    if (plan_.unshare_cgroup) Must(Call(SYS_unshare, CLONE_NEWCGROUP), Part::kCgroupNamespace);
  }

  void AwaitParent() noexcept {
    char byte;
    if (Must(Call(SYS_read, channel_, &byte, 1)) != 1) Exit();
  }

  // A parent without standard streams: nothing else may take their numbers before SetStreams. The
  // lowest number that is free tells whether one of them is.
  void FillStandardStreams() noexcept {
    for (;;) {
      const Result free = Call(SYS_fcntl, plan_.channel, F_DUPFD_CLOEXEC, 0);
      const unsigned fd = static_cast<unsigned>(Must(free, Part::kDescriptors));
      if (fd >= kFirst) return Close(static_cast<int>(fd));
      Must(Call(SYS_close_range, fd, fd, 0), Part::kDescriptors);
      Must(Call(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0), Part::kDescriptors);
    }
  }

  // Dispositions that were ignored stay so across clone and exec (signal(7)), as does the mask.
  void ResetSignals() noexcept {
    struct {
      void* handler;
      unsigned long flags;
      void* restorer;
      uint64_t mask;
    } const standard = {nullptr, 0, nullptr, 0};
    constexpr int kSignals = 64;
    for (int signal = 1; signal <= kSignals; ++signal) {
      if ((plan_.ignored_signals >> (signal - 1) & 1) == 0) continue;
      (void)Call(SYS_rt_sigaction, signal, &standard, nullptr, sizeof(standard.mask));
    }
    (void)Call(SYS_rt_sigprocmask, SIG_SETMASK, &standard.mask, nullptr, sizeof(standard.mask));
  }

  void LoopbackUp() noexcept {
    const int fd = static_cast<int>(Must(Call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
    ifreq request = {};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    Must(Call(SYS_ioctl, fd, SIOCSIFFLAGS, &request));
    Close(fd);
  }

  // Once; after it the last descriptors are opened.
  void SetStreams() noexcept {
    if (streams_set_) return;
    streams_set_ = true;
    const uint32_t step = index_;
    for (int target = 0; target < 3; ++target) {
      index_ = static_cast<uint32_t>(target);
      int fd = terminal_ >= 0 ? terminal_ : plan_.streams[target];
      if (fd < 0) fd = OpenNull(O_RDWR | O_NOCTTY);
      if (fd == target) {
        if (plan_.streams_are_inherited) continue;
        Must(Call(SYS_fcntl, fd, F_SETFD, 0), Part::kStandardStream);
      } else {
        Must(Call(SYS_dup3, fd, target, 0), Part::kStandardStream);
      }
    }
    index_ = step;
  }

  void Report(ReportKind kind, int value) noexcept {
    const ChildReport report = {kind, Part::kCall, index_, value, 0};
    if (!Call(SYS_write, channel_, &report, sizeof(report)).ok()) Exit();  // no parent
  }

  // All that a filter need not let through, once: what comes after is execve and its failure.
  void PrepareExec() noexcept {
    if (is_prepared_) return;
    is_prepared_ = true;
    SetStreams();
    (void)Call(SYS_umask, umask_);
    Must(Call(SYS_close_range, plan_.first_closed, ~0u, CLOSE_RANGE_CLOEXEC), Part::kDescriptors);
    Report(ReportKind::kExecuting, 0);
  }

  // seccomp(2). A filter without no_new_privs is followed by steps that may fail yet.
  void InstallFilter(const ChildOp& op) noexcept {
    PrepareExec();
    const Result installed =
        Call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, op.seccomp.flags, &op.seccomp.program);
    Must(installed);
    if (!op.seccomp.has_listener) return;
    Report(ReportKind::kListener, static_cast<int>(installed.value));
    char byte;
    if (Must(Call(SYS_read, channel_, &byte, 1), Part::kListener) != 1) Exit();
  }

  // The program is looked for now, as it will be run: what cannot be run is the creator's to know.
  void AwaitExec(const ChildOp& op) noexcept {
    FindProgram(op.await_exec.candidates);
    // The creator's own streams are not the container's: whoever reads them waits for their end.
    if (terminal_ >= 0) SetStreams();
    CloseOthers();
    Report(ReportKind::kReached, 0);
    CloseNow(channel_);
    for (;;) {
      channel_ = static_cast<int>(
          Must(Call(SYS_accept4, plan_.start_listener, nullptr, nullptr, SOCK_CLOEXEC)));
      char byte;
      const Result read = Call(SYS_read, channel_, &byte, 1);
      if (read.ok() && read.value == 1) break;
      CloseNow(channel_);  // whoever came has gone
    }
    Own(channel_);
    // What a filter need not let through is done, or will be with the filter; but the new one is to
    // hear of it.
    if (is_prepared_) Report(ReportKind::kExecuting, 0);
  }

  // access(2) is of the real ids, which are the program's by now.
  void FindProgram(const char* const* candidates) noexcept {
    int error = ENOENT;
    for (const char* const* path = candidates; *path != nullptr; ++path) {
      struct stat info;
      Result found = Call(SYS_newfstatat, AT_FDCWD, *path, &info, 0);
      if (found.ok()) found = Call(SYS_faccessat, AT_FDCWD, *path, 1 /* X_OK */);
      if (found.ok() && S_ISREG(info.st_mode)) return;
      if (found.ok()) found.err = S_ISDIR(info.st_mode) ? EISDIR : EACCES;
      if (found.err != ENOENT && found.err != ENOTDIR) error = found.err;
    }
    Die(Part::kProgram, error);
  }

  // What an image or an earlier container left is taken if it is the device that is meant.
  void KeepDevice(const ChildOp& op, int folder) noexcept {
    struct stat info;
    Must(Call(SYS_newfstatat, folder, op.device.name, &info, AT_SYMLINK_NOFOLLOW));
    constexpr uint32_t kPermissions = 07777;
    if ((info.st_mode & ~kPermissions) != (op.device.mode & ~kPermissions)) {
      Die(Part::kCall, EEXIST);
    }
    if (S_ISFIFO(info.st_mode) || info.st_rdev == op.device.device) return;
    item_ = static_cast<uint32_t>(info.st_rdev);  // new_encode_dev() of the kernel: 32 bits
    Die(Part::kItem, EEXIST);
  }

  [[noreturn]] void Exec(const ChildOp& op) noexcept {
    PrepareExec();
    // As execvp(3): the search goes on over what is not there, and remembers what may not be run.
    int error = ENOENT;
    for (const char* const* path = op.exec.candidates; *path != nullptr; ++path) {
      const Result result = Call(SYS_execve, *path, op.exec.argv, op.exec.envp);
      if (result.err == EACCES) {
        error = EACCES;
      } else if (result.err != ENOENT && result.err != ENOTDIR) {
        Die(Part::kCall, result.err);
      }
    }
    Die(Part::kCall, error);
  }

  // `path`, in the root, unless it is the ground that the step stands on.
  int FolderFor(const ChildOp& op, const char* path) noexcept {
    if (op.below != nullptr) return FdOf(op.ground);
    const int folder = Open(path, O_PATH | O_DIRECTORY);
    Close(folder);
    return folder;
  }

  void Do(const ChildOp& op) noexcept {
    switch (op.call) {
      case ChildCall::kMakeMountsPrivate:
        Must(Call(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
        return;
      case ChildCall::kMountRoot:
        return MountRoot(op);
      case ChildCall::kAttachRoot:
        return AttachRoot(op);
      case ChildCall::kMount:
        return Mount(op);
      case ChildCall::kGround:
        return MountGround(op);
      case ChildCall::kBind:
        return Bind(op);
      case ChildCall::kDevice: {
        const int folder = FolderFor(op, op.device.folder);
        const Result made =
            Call(SYS_mknodat, folder, op.device.name, op.device.mode, op.device.device);
        if (made.err == EEXIST && op.device.keep) return KeepDevice(op, folder);
        Must(made);
        if (op.device.uid != 0 || op.device.gid != 0) {
          Must(Call(SYS_fchownat, folder, op.device.name, op.device.uid, op.device.gid,
                    AT_SYMLINK_NOFOLLOW));
        }
        return;
      }
      case ChildCall::kFolder:
        return Close(OpenOrMake(op.folder.target, true, op.folder.mode, nullptr));
      case ChildCall::kSymlink: {
        const Result made =
            Call(SYS_symlinkat, op.symlink.text, FolderFor(op, op.symlink.folder), op.symlink.name);
        if (made.err != EEXIST || !op.symlink.keep) Must(made);
        return;
      }
      case ChildCall::kMask:
        return Mask(op);
      case ChildCall::kReadOnly:
        return MakeReadOnly(op);
      case ChildCall::kPivotRoot:
        return PivotRoot();
      case ChildCall::kMoveRoot:
        return MoveRoot();
      case ChildCall::kChangeRoot:
        return ChangeRoot();
      case ChildCall::kSealRoot:
        return SetReadOnly(root_, 0);
      case ChildCall::kLoopbackUp:
        return LoopbackUp();
      case ChildCall::kHostname:
        Must(Call(SYS_sethostname, op.hostname.name, op.hostname.size));
        return;
      case ChildCall::kAwaitStart:
        CloseOthers();
        return AwaitParent();
      case ChildCall::kUser:
        return SetUser(op);
      case ChildCall::kCapabilities:
        return LimitCapabilities(op);
      case ChildCall::kNoNewPrivileges:
        Must(Call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        return;
      case ChildCall::kSeccomp:
        return InstallFilter(op);
      case ChildCall::kChangeFolder: {
        if (op.change_folder.is_root) return CheckProgram();  // pivot_root(2) left us there
        const uint32_t owner[] = {op.change_folder.uid, op.change_folder.gid};
        const int folder = op.change_folder.make
                               ? OpenOrMake(op.change_folder.target, true, 0755, owner)
                               : Open(op.change_folder.target, O_PATH | O_DIRECTORY);
        Must(Call(SYS_fchdir, folder));
        Close(folder);
        return CheckProgram();  // its path may count from this folder
      }
      case ChildCall::kExec:
        Exec(op);
      case ChildCall::kTerminal:
        return OpenTerminal(op);
      case ChildCall::kDomainname:
        Must(Call(SYS_setdomainname, op.hostname.name, op.hostname.size));
        return;
      case ChildCall::kWriteProc:
        return WriteProc(op);
      case ChildCall::kSysctl:
        return WriteSysctl(op);
      case ChildCall::kRlimit:
        SetStreams();
        return SetRlimit(op);
      case ChildCall::kLandlock:
        SetStreams();
        return RestrictPaths(op);
      case ChildCall::kBecomeRoot:
        return BecomeRoot(op);
      case ChildCall::kUmask:
        umask_ = op.umask.mode;
        return;
      case ChildCall::kChangeMount:
        return ChangeMount(op);
      case ChildCall::kAwaitHooks:
        CloseOthers();
        Report(ReportKind::kReached, 0);
        return AwaitParent();
      case ChildCall::kAwaitExec:
        return AwaitExec(op);
      case ChildCall::kEnterRoot:
        return EnterRoot(op);
      case ChildCall::kScheduler:
        Must(Call(SYS_sched_setattr, 0, &op.scheduler, 0));
        return;
      case ChildCall::kIoPriority:
        Must(Call(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, op.io_priority.priority));
        return;
      case ChildCall::kMemoryPolicy: {
        constexpr size_t kBits = 64;
        // The kernel takes one bit less than it is told.
        const size_t bits = op.mask.word_count == 0 ? 0 : op.mask.word_count * kBits + 1;
        Must(Call(SYS_set_mempolicy, op.mask.mode, op.mask.words, bits));
        return;
      }
      case ChildCall::kCpuAffinity:
        Must(Call(SYS_sched_setaffinity, 0, op.mask.word_count * sizeof(uint64_t), op.mask.words));
        return;
      case ChildCall::kPersonality:
        Must(Call(SYS_personality, op.personality.persona));
        return;
      case ChildCall::kDevices:
        return MakeDevices(op);
      case ChildCall::kKeyring:
        return JoinKeyring(op);
    }
    Die(Part::kCall, ENOSYS);
  }

  bool streams_set_ = false;
  uint32_t umask_ = 022;
  bool is_prepared_ = false;
};

}  // namespace

void ChildMain(const ChildPlan& plan) noexcept { Child(plan).Run(); }

}  // namespace pelagos::launch
