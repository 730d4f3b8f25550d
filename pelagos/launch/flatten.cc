#include "pelagos/launch/flatten.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/overlay_options.h"
#include "pelagos/launch/search_path.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

// A detached copy of the mounts at `path`, private: nothing that is mounted below it later on the
// host shows inside, or the other way round.
absl::StatusOr<Fd> OpenTree(const std::string& path, bool recursive, bool read_only) {
  const unsigned below = recursive ? AT_RECURSIVE : 0;
  const sys::Result opened =
      sys::Call(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | below);
  if (!opened.ok()) return ErrnoStatus(opened.err, "open_tree", path);
  Fd tree(static_cast<int>(opened.value));
  mount_attr attributes = {};
  attributes.propagation = MS_PRIVATE;
  attributes.attr_set = read_only ? MOUNT_ATTR_RDONLY : 0;
  const sys::Result set = sys::Call(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | below,
                                    &attributes, sizeof(attributes));
  if (!set.ok()) return ErrnoStatus(set.err, "mount_setattr", path);
  return tree;
}

absl::StatusOr<struct stat> Stat(const Fd& fd, absl::string_view name) {
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "fstat", name);
  return info;
}

bool HasNul(absl::string_view text) { return text.find('\0') != absl::string_view::npos; }

}  // namespace

class Flattener {
 public:
  Flattener(const LaunchPlan& plan, const LaunchIo& io) : plan_(plan), io_(io) {}

  absl::StatusOr<FlatPlan> Run(int channel) {
    if (plan_.namespaces.contains(Namespace::kUser) ||
        plan_.namespaces.contains(Namespace::kTime)) {
      return absl::UnimplementedError("user and time namespaces cannot be made yet");
    }
    if (plan_.ops.empty() || !std::holds_alternative<Exec>(plan_.ops.back())) {
      return absl::InvalidArgumentError("a launch must end with the program to run");
    }
    flat_.child_.channel = channel;
    keep_.push_back(channel);
    PELAGOS_RETURN_IF_ERROR(AddStreams());
    PELAGOS_RETURN_IF_ERROR(AddCgroups());

    ChildOp* ops = flat_.arena_.Array<ChildOp>(plan_.ops.size());
    for (size_t i = 0; i < plan_.ops.size(); ++i) {
      op_ = &ops[i];
      op_->index = static_cast<uint32_t>(i);
      PELAGOS_RETURN_IF_ERROR(std::visit([this](const auto& op) { return Add(op); }, plan_.ops[i]),
                              "step ", i, ", ", Describe(plan_.ops[i]));
    }
    flat_.child_.ops = ops;
    flat_.child_.op_count = plan_.ops.size();

    std::sort(keep_.begin(), keep_.end());
    keep_.erase(std::unique(keep_.begin(), keep_.end()), keep_.end());
    int* keep = flat_.arena_.Array<int>(keep_.size());
    std::copy(keep_.begin(), keep_.end(), keep);
    flat_.child_.keep = keep;
    flat_.child_.keep_count = keep_.size();
    return std::move(flat_);
  }

 private:
  // Keeps a descriptor open for the child, at a number above the standard streams.
  absl::StatusOr<int> Keep(Fd fd) {
    if (fd.get() < 3) {
      const sys::Result moved = sys::Call(SYS_fcntl, fd.get(), F_DUPFD_CLOEXEC, 3);
      if (!moved.ok()) return ErrnoStatus(moved.err, "fcntl");
      fd = Fd(static_cast<int>(moved.value));
    }
    const int number = fd.get();
    keep_.push_back(number);
    flat_.fds_.push_back(std::move(fd));
    return number;
  }

  absl::Status AddStreams() {
    const int given[] = {io_.stdin_fd, io_.stdout_fd, io_.stderr_fd};
    for (int i = 0; i < 3; ++i) {
      int fd = given[i];
      if (fd >= 0 && fd < 3 && fd != i) {
        const sys::Result copy = sys::Call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
        if (!copy.ok()) return ErrnoStatus(copy.err, "standard stream", absl::StrCat(fd));
        PELAGOS_ASSIGN_OR_RETURN(fd, Keep(Fd(static_cast<int>(copy.value))));
      } else if (fd >= 3) {
        keep_.push_back(fd);
      }
      flat_.child_.streams[i] = fd;
    }
    return absl::OkStatus();
  }

  absl::Status AddCgroups() {
    const CgroupSteps& cgroup = plan_.cgroup;
    int* tasks = flat_.arena_.Array<int>(cgroup.v1.size());
    for (size_t i = 0; i < cgroup.v1.size(); ++i) {
      PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::OpenFile(cgroup.v1[i] + "/tasks", O_WRONLY), "cgroup");
      PELAGOS_ASSIGN_OR_RETURN(tasks[i], Keep(std::move(fd)));
    }
    flat_.child_.cgroup_tasks = tasks;
    flat_.child_.cgroup_task_count = cgroup.v1.size();
    // A cgroup namespace made by clone3 would have the parent's cgroups as its root.
    flat_.child_.unshare_cgroup =
        plan_.namespaces.contains(Namespace::kCgroup) && (!cgroup.v2.empty() || !cgroup.v1.empty());
    return absl::OkStatus();
  }

  absl::StatusOr<const char*> Text(absl::string_view text, absl::string_view what) {
    if (HasNul(text)) return absl::InvalidArgumentError(absl::StrCat(what, " holds a NUL byte"));
    return static_cast<const char*>(flat_.arena_.Copy(text));
  }

  absl::StatusOr<const char*> Target(absl::string_view target) {
    if (!has_root_) return absl::InvalidArgumentError("a target needs a root before it");
    if (!absl::StartsWith(target, "/")) {
      return absl::InvalidArgumentError(absl::StrCat("target '", target, "' is not absolute"));
    }
    return Text(target, "the target");
  }

  struct Split {
    const char *folder, *name;
  };
  absl::StatusOr<Split> SplitTarget(absl::string_view target) {
    PELAGOS_RETURN_IF_ERROR(Target(target).status());
    const size_t slash = target.rfind('/');
    if (slash + 1 == target.size()) {
      return absl::InvalidArgumentError(absl::StrCat("target '", target, "' has no name"));
    }
    return Split{flat_.arena_.Copy(slash == 0 ? "/" : target.substr(0, slash)),
                 flat_.arena_.Copy(target.substr(slash + 1))};
  }

  absl::Status NeedsMountNamespace() {
    if (plan_.namespaces.contains(Namespace::kMount)) return absl::OkStatus();
    return absl::InvalidArgumentError("without a mount namespace this would change the host");
  }

  absl::Status Add(const MakeMountsPrivate&) {
    op_->call = ChildCall::kMakeMountsPrivate;
    return NeedsMountNamespace();
  }

  absl::Status Add(const MountOverlayRoot& op) {
    PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
    op_->call = ChildCall::kMountRoot;
    PELAGOS_ASSIGN_OR_RETURN(const OverlayOptions options,
                             MakeOverlayOptions(op.lowers, op.upper, op.work));
    op_->mount_root.folder = options.folder.empty() ? nullptr : flat_.arena_.Copy(options.folder);
    PELAGOS_ASSIGN_OR_RETURN(op_->mount_root.options, Text(options.options, "a layer's path"));
    PELAGOS_ASSIGN_OR_RETURN(op_->mount_root.mount_point, Text(op.mount_point, "mount point"));
    has_root_ = true;
    return absl::OkStatus();
  }

  absl::Status Add(const MountBindRoot& op) {
    PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
    op_->call = ChildCall::kAttachRoot;
    PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenTree(op.source, true, false));
    PELAGOS_ASSIGN_OR_RETURN(op_->attach_root.tree, Keep(std::move(tree)));
    PELAGOS_ASSIGN_OR_RETURN(op_->attach_root.mount_point, Text(op.mount_point, "mount point"));
    has_root_ = true;
    return absl::OkStatus();
  }

  absl::Status Add(const MountFilesystem& op) {
    PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
    op_->call = ChildCall::kMount;
    PELAGOS_ASSIGN_OR_RETURN(op_->mount.type, Text(op.type, "the type"));
    PELAGOS_ASSIGN_OR_RETURN(op_->mount.source, Text(op.source, "the source"));
    PELAGOS_ASSIGN_OR_RETURN(op_->mount.data, Text(op.data, "the option list"));
    PELAGOS_ASSIGN_OR_RETURN(op_->mount.target, Target(op.target));
    op_->mount.flags = op.flags;
    return absl::OkStatus();
  }

  absl::Status Add(const BindMount& op) {
    PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
    PELAGOS_ASSIGN_OR_RETURN(op_->bind.target, Target(op.target));
    PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenTree(op.source, true, op.read_only));
    return Bind(std::move(tree), op.source);
  }

  absl::Status Bind(Fd tree, absl::string_view source) {
    op_->call = ChildCall::kBind;
    PELAGOS_ASSIGN_OR_RETURN(const struct stat info, Stat(tree, source));
    op_->bind.is_folder = S_ISDIR(info.st_mode);
    PELAGOS_ASSIGN_OR_RETURN(op_->bind.tree, Keep(std::move(tree)));
    return absl::OkStatus();
  }

  absl::Status Add(const MakeDevice& op) {
    PELAGOS_ASSIGN_OR_RETURN(const bool initial, InInitialUserNamespace());
    if (!initial) return BindDevice(op);
    op_->call = ChildCall::kDevice;
    PELAGOS_ASSIGN_OR_RETURN(const Split split, SplitTarget(op.target));
    op_->device.folder = split.folder;
    op_->device.name = split.name;
    op_->device.mode = S_IFCHR | (op.mode & 07777);
    op_->device.device = makedev(op.major, op.minor);
    return absl::OkStatus();
  }

  // mknod(2) of devices is for the initial user namespace alone; elsewhere the host's node of that
  // name is bound, if it is the same device.
  absl::Status BindDevice(const MakeDevice& op) {
    PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
    PELAGOS_ASSIGN_OR_RETURN(op_->bind.target, Target(op.target));
    PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenTree(op.target, false, false));
    PELAGOS_ASSIGN_OR_RETURN(const struct stat info, Stat(tree, op.target));
    if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(op.major, op.minor)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the host's '", op.target, "' is not character device ", op.major, ":", op.minor));
    }
    return Bind(std::move(tree), op.target);
  }

  absl::Status Add(const MakeFolder& op) {
    op_->call = ChildCall::kFolder;
    op_->folder.mode = op.mode;
    PELAGOS_ASSIGN_OR_RETURN(op_->folder.target, Target(op.target));
    return absl::OkStatus();
  }

  absl::Status Add(const MakeSymlink& op) {
    op_->call = ChildCall::kSymlink;
    PELAGOS_ASSIGN_OR_RETURN(op_->symlink.text, Text(op.text, "the link"));
    PELAGOS_ASSIGN_OR_RETURN(const Split split, SplitTarget(op.target));
    op_->symlink.folder = split.folder;
    op_->symlink.name = split.name;
    return absl::OkStatus();
  }

  absl::Status Add(const MaskPath& op) {
    op_->call = ChildCall::kMask;
    PELAGOS_ASSIGN_OR_RETURN(op_->path.target, Target(op.target));
    return NeedsMountNamespace();
  }

  absl::Status Add(const MakeReadOnly& op) {
    op_->call = ChildCall::kReadOnly;
    PELAGOS_ASSIGN_OR_RETURN(op_->path.target, Target(op.target));
    return NeedsMountNamespace();
  }

  absl::Status Add(const PivotRoot&) {
    op_->call = ChildCall::kPivotRoot;
    return NeedsRoot();
  }

  absl::Status Add(const SealRoot&) {
    op_->call = ChildCall::kSealRoot;
    return NeedsRoot();
  }

  absl::Status NeedsRoot() {
    return has_root_ ? absl::OkStatus() : absl::InvalidArgumentError("there is no root before it");
  }

  absl::Status Add(const LoopbackUp&) {
    op_->call = ChildCall::kLoopbackUp;
    if (plan_.namespaces.contains(Namespace::kNet)) return absl::OkStatus();
    return absl::InvalidArgumentError("without a network namespace this would change the host");
  }

  absl::Status Add(const SetHostname& op) {
    op_->call = ChildCall::kHostname;
    if (!plan_.namespaces.contains(Namespace::kUts)) {
      return absl::InvalidArgumentError("without a uts namespace this would change the host");
    }
    PELAGOS_ASSIGN_OR_RETURN(op_->hostname.name, Text(op.name, "the name"));
    op_->hostname.size = op.name.size();
    return absl::OkStatus();
  }

  absl::Status Add(const AwaitStart&) {
    op_->call = ChildCall::kAwaitStart;
    return absl::OkStatus();
  }

  absl::Status Add(const SetUser& op) {
    op_->call = ChildCall::kUser;
    user_ = {op.uid, op.gid};
    op_->user.uid = op.uid;
    op_->user.gid = op.gid;
    uint32_t* groups = flat_.arena_.Array<uint32_t>(op.groups.size());
    std::copy(op.groups.begin(), op.groups.end(), groups);
    op_->user.groups = groups;
    op_->user.group_count = op.groups.size();
    op_->user.set_groups = true;
    PELAGOS_ASSIGN_OR_RETURN(const bool initial, InInitialUserNamespace());
    if (initial) return absl::OkStatus();
    // user_namespaces(7): a namespace whose maps were written without privilege denies it.
    PELAGOS_ASSIGN_OR_RETURN(const std::string allowed, sys::ReadFile("/proc/self/setgroups", 64));
    op_->user.set_groups = absl::StartsWith(allowed, "allow");
    if (op_->user.set_groups || op.groups.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "this user namespace denies setgroups(2): supplementary groups cannot be set");
  }

  absl::Status Add(const LimitCapabilities& op) {
    op_->call = ChildCall::kCapabilities;
    op_->capabilities.keep = op.keep.bits();
    return absl::OkStatus();
  }

  absl::Status Add(const SetNoNewPrivileges&) {
    op_->call = ChildCall::kNoNewPrivileges;
    return absl::OkStatus();
  }

  absl::Status Add(const InstallSeccomp& op) {
    op_->call = ChildCall::kSeccomp;
    if (op.profile == SeccompProfile::kUnconfined) {
      return absl::InvalidArgumentError("an unconfined container has no filter to install");
    }
    // What the container may call depends on the capabilities it keeps, wherever that is said.
    CapabilitySet keep = CapabilitySet::All();
    for (const Op& other : plan_.ops) {
      if (const auto* limit = std::get_if<LimitCapabilities>(&other)) keep = limit->keep;
    }
    std::vector<sock_filter> memory;
    absl::Span<const sock_filter> program = DefaultSeccompProgram(keep, memory);
    if (!memory.empty()) {
      sock_filter* copy = flat_.arena_.Array<sock_filter>(memory.size());
      std::copy(memory.begin(), memory.end(), copy);
      program = {copy, memory.size()};
    }
    // The kernel only reads; its structure is older than const.
    op_->seccomp.program = {static_cast<unsigned short>(program.size()),
                            const_cast<sock_filter*>(program.data())};
    return absl::OkStatus();
  }

  absl::Status Add(const ChangeFolder& op) {
    op_->call = ChildCall::kChangeFolder;
    PELAGOS_ASSIGN_OR_RETURN(op_->change_folder.target, Target(op.target));
    // Whether the folder is changed before or after the ids: it is the user's.
    std::pair<uint32_t, uint32_t> owner = user_;
    for (const Op& other : plan_.ops) {
      if (const auto* user = std::get_if<SetUser>(&other)) owner = {user->uid, user->gid};
    }
    op_->change_folder.uid = owner.first;
    op_->change_folder.gid = owner.second;
    return absl::OkStatus();
  }

  absl::Status Add(const Exec& op) {
    op_->call = ChildCall::kExec;
    if (op_->index + 1 != plan_.ops.size()) {
      return absl::InvalidArgumentError("steps after it would never be done");
    }
    if (op.argv.empty() || op.argv[0].empty()) {
      return absl::InvalidArgumentError("there is no program to run");
    }
    PELAGOS_ASSIGN_OR_RETURN(op_->exec.argv, List(op.argv));
    PELAGOS_ASSIGN_OR_RETURN(op_->exec.envp, List(op.env));
    PELAGOS_ASSIGN_OR_RETURN(op_->exec.candidates, List(ProgramCandidates(op.argv[0], op.env)));
    return absl::OkStatus();
  }

  absl::StatusOr<char**> List(const std::vector<std::string>& texts) {
    char** list = flat_.arena_.Array<char*>(texts.size() + 1);
    for (size_t i = 0; i < texts.size(); ++i) {
      if (HasNul(texts[i])) {
        return absl::InvalidArgumentError("an argument or variable holds a NUL byte");
      }
      list[i] = flat_.arena_.Copy(texts[i]);
    }
    return list;
  }

  // user_namespaces(7): the initial one maps all ids to themselves.
  absl::StatusOr<bool> InInitialUserNamespace() {
    if (!initial_user_namespace_) {
      PELAGOS_ASSIGN_OR_RETURN(const std::string map, sys::ReadFile("/proc/self/uid_map", 65536));
      const std::vector<absl::string_view> fields =
          absl::StrSplit(map, absl::ByAnyChar(" \n"), absl::SkipEmpty());
      initial_user_namespace_ = fields == std::vector<absl::string_view>{"0", "0", "4294967295"};
    }
    return *initial_user_namespace_;
  }

  const LaunchPlan& plan_;
  const LaunchIo& io_;
  FlatPlan flat_;
  ChildOp* op_ = nullptr;
  std::vector<int> keep_;
  bool has_root_ = false;
  std::pair<uint32_t, uint32_t> user_ = {0, 0};
  std::optional<bool> initial_user_namespace_;
};

absl::StatusOr<FlatPlan> Flatten(const LaunchPlan& plan, const LaunchIo& io, int channel) {
  return Flattener(plan, io).Run(channel);
}

}  // namespace pelagos::launch
