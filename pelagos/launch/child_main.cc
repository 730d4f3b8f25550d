// The container's first process on its way to execve(2). Nothing here allocates, locks, logs or
// calls libc beyond syscall(2) and errno; signal_safe_test holds this object to that. It is
// compiled without exceptions, stack protector, builtins and sanitisers (BUILD.bazel).
//
// Everything inside the container's root is found with openat2(2) from the root's descriptor.

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/if.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "pelagos/launch/child_plan.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

using sys::Call;
using sys::Result;

constexpr int kUmountDetach = 2;  // MNT_DETACH of <sys/mount.h>, which excludes <linux/mount.h>
constexpr int kPathMax = 4096;
constexpr int kMaxLinks = 40;  // as path_resolution(7)

class Child {
 public:
  explicit Child(const ChildPlan& plan) noexcept : plan_(plan) {}

  [[noreturn]] void Run() noexcept {
    Prepare();
    for (size_t i = 0; i < plan_.op_count; ++i) {
      index_ = plan_.ops[i].index;
      Do(plan_.ops[i]);
    }
    Die(Part::kCall, ENOEXEC);  // flatten sees to it that the last operation is kExec
  }

 private:
  [[noreturn]] void Exit() noexcept {
    for (;;) (void)Call(SYS_exit_group, 127);
  }

  // The parent may be gone: whether it hears the report does not matter any more.
  [[noreturn]] void Die(Part part, int error) noexcept {
    const ChildReport report = {ReportKind::kFailed, part, index_, error};
    (void)Call(SYS_write, plan_.channel, &report, sizeof(report));
    Exit();
  }

  long Must(Result result, Part part = Part::kCall) noexcept {
    if (!result.ok()) Die(part, result.err);
    return result.value;
  }

  void Close(int fd) noexcept { (void)Call(SYS_close, fd); }

  // --- before the first step

  void Prepare() noexcept {
    // First of all: no descriptor of the parent's other work lives on in here, above all not the
    // other end of our own channel, whose closing tells us that the parent is gone.
    unsigned next = 3;
    for (size_t i = 0; i < plan_.keep_count; ++i) {
      const unsigned kept = static_cast<unsigned>(plan_.keep[i]);
      if (kept > next) Must(Call(SYS_close_range, next, kept - 1, 0), Part::kDescriptors);
      next = kept + 1;
    }
    Must(Call(SYS_close_range, next, ~0u, 0), Part::kDescriptors);
    FollowParentIntoDeath();
    // A parent without standard streams: nothing else may take their numbers before SetStreams.
    for (int fd = 0; fd < 3; ++fd) {
      if (Call(SYS_fcntl, fd, F_GETFD).ok()) continue;
      Must(Call(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0), Part::kDescriptors);
    }

    for (index_ = 0; index_ < plan_.cgroup_task_count; ++index_) {
      Must(Call(SYS_write, plan_.cgroup_tasks[index_], "0", 1), Part::kCgroup);
    }
    index_ = 0;
    if (plan_.unshare_cgroup) Must(Call(SYS_unshare, CLONE_NEWCGROUP), Part::kCgroupNamespace);
    ResetSignals();
    Must(Call(SYS_setsid), Part::kSession);
    (void)Call(SYS_umask, 0);  // modes below are meant as they stand; the program gets 022
  }

  // prctl(2), PR_SET_PDEATHSIG: counts only from now on, so look whether the parent is there still.
  // Its pid says nothing in a new pid namespace; the channel does.
  void FollowParentIntoDeath() noexcept {
    Must(Call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), Part::kParentDeath);
    char byte;
    const Result peek =
        Call(SYS_recvfrom, plan_.channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT, nullptr, nullptr);
    if (peek.ok() && peek.value == 0) Exit();
  }

  // Dispositions that were ignored stay so across clone and exec (signal(7)); the mask is the
  // parent's, who blocked everything.
  void ResetSignals() noexcept {
    struct {
      void* handler;
      unsigned long flags;
      void* restorer;
      uint64_t mask;
    } const standard = {nullptr, 0, nullptr, 0};
    constexpr int kSignals = 64;
    for (int signal = 1; signal <= kSignals; ++signal) {
      (void)Call(SYS_rt_sigaction, signal, &standard, nullptr, sizeof(standard.mask));
    }
    (void)Call(SYS_rt_sigprocmask, SIG_SETMASK, &standard.mask, nullptr, sizeof(standard.mask));
  }

  // --- finding and making targets

  Result OpenIn(const char* path, uint64_t flags) noexcept {
    open_how how = {};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return Call(SYS_openat2, root_, path, &how, sizeof(how));
  }

  int Open(const char* path, uint64_t flags) noexcept {
    return static_cast<int>(Must(OpenIn(path, flags), Part::kTarget));
  }

  // The target, made with all folders above it where it is missing. A link that leads nowhere
  // (/etc/resolv.conf of many images) is followed inside the root, and what it names is made.
  int OpenOrMake(const char* target, bool folder, uint32_t mode, const uint32_t* owner) noexcept {
    Result found = OpenIn(target, O_PATH);
    if (found.err != ENOENT) return static_cast<int>(Must(found, Part::kTarget));

    char path[kPathMax];
    if (!Join(path, target, "", "")) Die(Part::kMakeTarget, ENAMETOOLONG);
    for (int links = 0; links < kMaxLinks;) {
      found = OpenIn(path, O_PATH);
      if (found.err != ENOENT) return static_cast<int>(Must(found, Part::kMakeTarget));
      if (MakeFirstMissing(path, folder, mode, owner)) ++links;
    }
    Die(Part::kMakeTarget, ELOOP);
  }

  // Makes the first component of `path` that is missing. If that is a link to nowhere, puts what it
  // says into `path` instead and returns true.
  bool MakeFirstMissing(char* path, bool folder, uint32_t mode, const uint32_t* owner) noexcept {
    int parent = Open("/", O_PATH | O_DIRECTORY);
    for (char* begin = path;;) {
      while (*begin == '/') ++begin;
      char* end = begin;
      while (*end != '\0' && *end != '/') ++end;
      char* rest = end;
      while (*rest == '/') ++rest;
      const bool last = *rest == '\0';
      const char kept = *end;
      *end = '\0';  // `path` is the prefix up to here, `begin` its last component

      const Result found = OpenIn(path, O_PATH);
      if (found.err == ENOENT) {
        const bool make_folder = folder || !last;
        Result made = make_folder ? Call(SYS_mkdirat, parent, begin, last ? mode : 0755)
                                  : Call(SYS_mknodat, parent, begin, S_IFREG | mode, 0);
        if (made.ok() && owner != nullptr) {
          made = Call(SYS_fchownat, parent, begin, owner[0], owner[1], AT_SYMLINK_NOFOLLOW);
        }
        bool is_link = false;
        if (made.err == EEXIST) {
          char text[kPathMax];
          const long size =
              Must(Call(SYS_readlinkat, parent, begin, text, kPathMax - 1), Part::kMakeTarget);
          text[size] = '\0';
          *end = kept;
          *begin = '\0';  // `path` is the folder that the link stands in, `end` what comes after it
          char joined[kPathMax];
          if (!Join(joined, text[0] == '/' ? "" : path, text, end) || !Join(path, joined, "", "")) {
            Die(Part::kMakeTarget, ENAMETOOLONG);
          }
          is_link = true;
        } else {
          Must(made, Part::kMakeTarget);
          *end = kept;
        }
        Close(parent);
        return is_link;
      }
      Close(parent);
      parent = static_cast<int>(Must(found, Part::kMakeTarget));
      *end = kept;
      if (last) {  // somebody else made it
        Close(parent);
        return false;
      }
      begin = end;
    }
  }

  // strcat of three; false if it does not fit.
  static bool Join(char* to, const char* a, const char* b, const char* c) noexcept {
    const char* const parts[] = {a, b, c};
    int size = 0;
    for (const char* part : parts) {
      for (; *part != '\0'; ++part) {
        if (size == kPathMax - 1) return false;
        to[size++] = *part;
      }
    }
    to[size] = '\0';
    return true;
  }

  // --- mounts

  void MountOn(int folder, const char* source, const char* type, uint64_t flags,
               const char* data) noexcept {
    Must(Call(SYS_fchdir, folder), Part::kTarget);
    Must(Call(SYS_mount, source, ".", type, flags, data));
  }

  void Attach(int tree, int target) noexcept {
    Must(Call(SYS_move_mount, tree, "", target, "",
              MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
  }

  int CloneTree(int fd, unsigned recursive) noexcept {
    return static_cast<int>(Must(Call(
        SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive)));
  }

  void SetReadOnly(int mount, unsigned recursive) noexcept {
    mount_attr attributes = {};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    Must(Call(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | recursive, &attributes,
              sizeof(attributes)));
  }

  void MountRoot(const ChildOp& op) noexcept {
    if (op.mount_root.folder != nullptr) Must(Call(SYS_chdir, op.mount_root.folder));
    Must(
        Call(SYS_mount, "overlay", op.mount_root.mount_point, "overlay", 0, op.mount_root.options));
    root_ = static_cast<int>(Must(Call(SYS_openat, AT_FDCWD, op.mount_root.mount_point,
                                       O_PATH | O_DIRECTORY | O_CLOEXEC, 0)));
  }

  void AttachRoot(const ChildOp& op) noexcept {
    const int target = static_cast<int>(Must(Call(SYS_openat, AT_FDCWD, op.attach_root.mount_point,
                                                  O_PATH | O_DIRECTORY | O_CLOEXEC, 0)));
    Attach(op.attach_root.tree, target);
    Close(target);
    root_ = op.attach_root.tree;
  }

  // pivot_root(2), "pivot_root(".", ".")": the old root lies on top of the new one until detached.
  void PivotRoot() noexcept {
    Must(Call(SYS_fchdir, root_));
    Must(Call(SYS_pivot_root, ".", "."));
    Must(Call(SYS_umount2, ".", kUmountDetach));
    Must(Call(SYS_chdir, "/"));
  }

  struct stat Stat(int fd, Part part) noexcept {
    struct stat info;
    Must(Call(SYS_newfstatat, fd, "", &info, AT_EMPTY_PATH), part);
    return info;
  }

  // The container's own null device; that it is one, and no file that an image put there, is
  // checked on the descriptor that is used.
  int OpenNull(uint64_t flags) noexcept {
    const int fd =
        static_cast<int>(Must(OpenIn("/dev/null", flags | O_NOFOLLOW), Part::kNullDevice));
    const struct stat info = Stat(fd, Part::kNullDevice);
    constexpr uint64_t kNull = (1 << 8) | 3;
    if (!S_ISCHR(info.st_mode) || info.st_rdev != kNull) Die(Part::kNullDevice, ENODEV);
    return fd;
  }

  void Mask(const char* target) noexcept {
    const Result found = OpenIn(target, O_PATH);
    if (found.err == ENOENT || found.err == ENOTDIR) return;
    const int fd = static_cast<int>(Must(found, Part::kTarget));
    if (S_ISDIR(Stat(fd, Part::kTarget).st_mode)) {
      MountOn(fd, "tmpfs", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k");
    } else {
      if (null_ < 0) null_ = OpenNull(O_PATH);
      const int tree = CloneTree(null_, 0);
      Attach(tree, fd);
      Close(tree);
    }
    Close(fd);
  }

  void MakeReadOnly(const char* target) noexcept {
    const Result found = OpenIn(target, O_PATH);
    if (found.err == ENOENT || found.err == ENOTDIR) return;
    const int fd = static_cast<int>(Must(found, Part::kTarget));
    const int tree = CloneTree(fd, AT_RECURSIVE);
    SetReadOnly(tree, AT_RECURSIVE);
    Attach(tree, fd);
    Close(tree);
    Close(fd);
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

  // --- rights

  // The kernel forgets the parent-death signal when ids change (prctl(2)).
  void SetUser(const ChildOp& op) noexcept {
    const auto& user = op.user;
    Must(Call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0), Part::kRights);
    if (user.set_groups) {
      Must(Call(SYS_setgroups, user.group_count, user.groups), Part::kRights);
    }
    Must(Call(SYS_setresgid, user.gid, user.gid, user.gid), Part::kRights);
    Must(Call(SYS_setresuid, user.uid, user.uid, user.uid), Part::kRights);
    FollowParentIntoDeath();
  }

  // capabilities(7). What we ourselves lack, nobody can keep.
  void LimitCapabilities(uint64_t keep) noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct words[2];
    Must(Call(SYS_capget, &header, words), Part::kRights);
    const uint64_t permitted = words[0].permitted | (uint64_t{words[1].permitted} << 32);
    // Effective again after a change of ids: dropping from the bounding set needs CAP_SETPCAP.
    SetCapabilities(permitted);
    constexpr unsigned kWords = 64;
    for (unsigned cap = 0; cap < kWords; ++cap) {
      if ((keep >> cap & 1) != 0) continue;
      const Result dropped = Call(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
      if (dropped.err == EINVAL) break;  // the kernel has no more
      Must(dropped, Part::kRights);
    }
    const bool is_root = Call(SYS_geteuid).value == 0;
    SetCapabilities(is_root ? permitted & keep : 0);
  }

  // Nothing is inheritable: files with inheritable capabilities would win back what was dropped.
  void SetCapabilities(uint64_t set) noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const uint32_t low = static_cast<uint32_t>(set), high = static_cast<uint32_t>(set >> 32);
    const __user_cap_data_struct words[2] = {{low, low, 0}, {high, high, 0}};
    Must(Call(SYS_capset, &header, words), Part::kRights);
  }

  // --- the end

  void SetStreams() noexcept {
    const uint32_t step = index_;
    for (int target = 0; target < 3; ++target) {
      index_ = static_cast<uint32_t>(target);
      int fd = plan_.streams[target];
      if (fd < 0) fd = OpenNull(O_RDWR | O_NOCTTY);
      if (fd == target) {
        Must(Call(SYS_fcntl, fd, F_SETFD, 0), Part::kStandardStream);
      } else {
        Must(Call(SYS_dup3, fd, target, 0), Part::kStandardStream);
      }
    }
    index_ = step;
  }

  [[noreturn]] void Exec(const ChildOp& op) noexcept {
    SetStreams();
    (void)Call(SYS_umask, 022);
    Must(Call(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC), Part::kDescriptors);
    const ChildReport report = {ReportKind::kExecuting, Part::kCall, index_, 0};
    if (!Call(SYS_write, plan_.channel, &report, sizeof(report)).ok()) Exit();  // no parent
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

  void Do(const ChildOp& op) noexcept {
    switch (op.call) {
      case ChildCall::kMakeMountsPrivate:
        Must(Call(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
        return;
      case ChildCall::kMountRoot:
        return MountRoot(op);
      case ChildCall::kAttachRoot:
        return AttachRoot(op);
      case ChildCall::kMount: {
        const int target = OpenOrMake(op.mount.target, true, 0755, nullptr);
        MountOn(target, op.mount.source, op.mount.type, op.mount.flags, op.mount.data);
        return Close(target);
      }
      case ChildCall::kBind: {
        const int target =
            OpenOrMake(op.bind.target, op.bind.is_folder, op.bind.is_folder ? 0755 : 0644, nullptr);
        Attach(op.bind.tree, target);
        return Close(target);
      }
      case ChildCall::kDevice: {
        const int folder = Open(op.device.folder, O_PATH | O_DIRECTORY);
        Must(Call(SYS_mknodat, folder, op.device.name, op.device.mode, op.device.device));
        return Close(folder);
      }
      case ChildCall::kFolder:
        return Close(OpenOrMake(op.folder.target, true, op.folder.mode, nullptr));
      case ChildCall::kSymlink: {
        const int folder = Open(op.symlink.folder, O_PATH | O_DIRECTORY);
        Must(Call(SYS_symlinkat, op.symlink.text, folder, op.symlink.name));
        return Close(folder);
      }
      case ChildCall::kMask:
        return Mask(op.path.target);
      case ChildCall::kReadOnly:
        return MakeReadOnly(op.path.target);
      case ChildCall::kPivotRoot:
        return PivotRoot();
      case ChildCall::kSealRoot:
        return SetReadOnly(root_, 0);
      case ChildCall::kLoopbackUp:
        return LoopbackUp();
      case ChildCall::kHostname:
        Must(Call(SYS_sethostname, op.hostname.name, op.hostname.size));
        return;
      case ChildCall::kAwaitStart: {
        char byte;
        if (Must(Call(SYS_read, plan_.channel, &byte, 1)) != 1) Exit();
        return;
      }
      case ChildCall::kUser:
        return SetUser(op);
      case ChildCall::kCapabilities:
        return LimitCapabilities(op.capabilities.keep);
      case ChildCall::kNoNewPrivileges:
        Must(Call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        return;
      case ChildCall::kSeccomp:
        Must(Call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &op.seccomp.program));
        return;
      case ChildCall::kChangeFolder: {
        const uint32_t owner[] = {op.change_folder.uid, op.change_folder.gid};
        const int folder = OpenOrMake(op.change_folder.target, true, 0755, owner);
        Must(Call(SYS_fchdir, folder));
        return Close(folder);
      }
      case ChildCall::kExec:
        Exec(op);
    }
    Die(Part::kCall, ENOSYS);
  }

  const ChildPlan& plan_;
  uint32_t index_ = 0;
  int root_ = -1;
  int null_ = -1;
};

}  // namespace

void ChildMain(const ChildPlan& plan) noexcept { Child(plan).Run(); }

}  // namespace pelagos::launch
