// The root, mounts and devices.
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/abi/kernel_path.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/between.h"
#include "pelagos/launch/bind_tree.h"
#include "pelagos/launch/filesystem_tree.h"
#include "pelagos/launch/flattener.h"
#include "pelagos/launch/overlay_options.h"
#include "pelagos/launch/overlay_tree.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

absl::StatusOr<struct stat> Stat(const Fd& fd, absl::string_view name) {
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "fstat", name);
  return info;
}

// The kernel's own places. Were one of them a link of the image, whoever else can write to what it
// leads to (a volume) could lay another folder there between two steps, and masks would be missed
// (CVE-2019-19921, CVE-2023-27561, CVE-2026-41579).
bool IsKernelsPlace(absl::string_view target) {
  for (absl::string_view place : {"/proc", "/sys", "/dev"}) {
    absl::string_view rest = target;
    if (absl::ConsumePrefix(&rest, place) && (rest.empty() || rest[0] == '/')) return true;
  }
  return false;
}

}  // namespace

absl::Status Flattener::Add(const MakeMountsPrivate&) {
  op_->call = ChildCall::kMakeMountsPrivate;
  return NeedsMountNamespace();
}

absl::Status Flattener::Add(const MountOverlayRoot& op) {
  PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
  // By us, who may read what overlayfs keeps in trusted.* and map the layers' owners.
  if (HasUserNamespace(plan_)) {
    PELAGOS_ASSIGN_OR_RETURN(Fd tree, MountOverlayTree(op, OverlayDevices::kNone));
    return AttachRoot(std::move(tree), op.mount_point);
  }
  const absl::StatusOr<OverlayOptions> options = MakeOverlayOptions(op.lowers, op.upper, op.work);
  if (absl::IsResourceExhausted(options.status())) {
    PELAGOS_ASSIGN_OR_RETURN(Fd tree, MountOverlayTree(op, OverlayDevices::kUsable));
    return AttachRoot(std::move(tree), op.mount_point);
  }
  PELAGOS_RETURN_IF_ERROR(options.status());
  op_->call = ChildCall::kMountRoot;
  std::string text = options->options;
  // Quoted: levels of SELinux hold commas.
  if (!op.label.empty()) absl::StrAppend(&text, ",context=\"", op.label, "\"");
  if (op.user_xattrs) absl::StrAppend(&text, ",userxattr");
  op_->mount_root.folder = options->folder.empty() ? nullptr : flat_.arena_.Copy(options->folder);
  PELAGOS_ASSIGN_OR_RETURN(op_->mount_root.options, Text(text, "a layer's path"));
  PELAGOS_ASSIGN_OR_RETURN(op_->mount_root.mount_point, Text(op.mount_point, "mount point"));
  has_root_ = true;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const MountBindRoot& op) {
  PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
  PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenTree(op.source, true));
  return AttachRoot(std::move(tree), op.mount_point);
}

absl::Status Flattener::AttachRoot(Fd tree, const std::string& mount_point) {
  op_->call = ChildCall::kAttachRoot;
  PELAGOS_ASSIGN_OR_RETURN(op_->attach_root.mount_point, Text(mount_point, "mount point"));
  PELAGOS_ASSIGN_OR_RETURN(const int kept, Keep(std::move(tree)));
  has_root_ = true;
  op_->attach_root.tree = HasUserNamespace(plan_) ? -1 : kept;
  if (!HasUserNamespace(plan_)) return absl::OkStatus();
  flat_.child_.between.root_tree = kept;
  flat_.child_.between.mount_point = op_->attach_root.mount_point;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const MountFilesystem& op) {
  PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
  if (!op.ids.empty() || op.target == "/") {
    PELAGOS_ASSIGN_OR_RETURN(op_->bind.target, Target(op.target));
    PELAGOS_ASSIGN_OR_RETURN(Fd tree, MakeFilesystemTree(op));
    op_->bind.copy_up = op.copy_up;
    return Bind(std::move(tree), op.source);
  }
  PELAGOS_ASSIGN_OR_RETURN(const bool is_ground, BecomeGround(op));
  if (is_ground) return absl::OkStatus();
  op_->call = ChildCall::kMount;
  PELAGOS_ASSIGN_OR_RETURN(op_->mount.type, Text(op.type, "the type"));
  PELAGOS_ASSIGN_OR_RETURN(op_->mount.source, Text(op.source, "the source"));
  PELAGOS_ASSIGN_OR_RETURN(op_->mount.data, Text(op.data, "the option list"));
  PELAGOS_ASSIGN_OR_RETURN(op_->mount.target, Target(op.target));
  op_->mount.flags = op.flags;
  op_->mount.links = !IsKernelsPlace(op.target);
  op_->mount.copy_up = op.copy_up;
  op_->mount.keep_mode = op.keep_mode;
  if (!op.copy_up && !op.keep_mode) StandOnGround(op.target);
  // Whatever it covers, wherever links of the image lead: from here on the long road.
  if (op_->below == nullptr) std::fill(std::begin(has_ground_), std::end(has_ground_), false);
  return absl::OkStatus();
}

absl::Status Flattener::Add(const BindMount& op) {
  PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
  PELAGOS_ASSIGN_OR_RETURN(op_->bind.target, Target(op.target));
  PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenBindTree(op));
  if (!op.is_file) return Bind(std::move(tree), op.source);
  op_->call = ChildCall::kBind;
  PELAGOS_ASSIGN_OR_RETURN(op_->bind.tree, Keep(std::move(tree)));
  return absl::OkStatus();
}

absl::Status Flattener::Bind(Fd tree, absl::string_view source) {
  op_->call = ChildCall::kBind;
  PELAGOS_ASSIGN_OR_RETURN(const struct stat info, Stat(tree, source));
  op_->bind.is_folder = S_ISDIR(info.st_mode);
  op_->bind.is_root = absl::string_view(op_->bind.target) == "/";
  // As above. A file covers nothing but itself.
  if (op_->bind.is_folder) std::fill(std::begin(has_ground_), std::end(has_ground_), false);
  PELAGOS_ASSIGN_OR_RETURN(op_->bind.tree, Keep(std::move(tree)));
  return absl::OkStatus();
}

absl::Status Flattener::Add(const MakeDevice& op) {
  if (op.bound || (!InInitialUserNamespace() && !op.fifo)) return BindDevice(op);
  op_->call = ChildCall::kDevice;
  PELAGOS_ASSIGN_OR_RETURN(const Split split, SplitTarget(op.target));
  op_->device.folder = split.folder;
  op_->device.name = split.name;
  op_->device.mode = (op.fifo ? S_IFIFO : op.block ? S_IFBLK : S_IFCHR) | (op.mode & 07777);
  op_->device.keep = op.keep;
  op_->device.uid = op.uid;
  op_->device.gid = op.gid;
  op_->device.device = op.fifo ? 0 : makedev(op.major, op.minor);
  StandOnGround(op.target);
  return absl::OkStatus();
}

// mknod(2) of devices is for the initial user namespace alone; elsewhere the host's node of that
// name is bound, if it is the same device.
absl::Status Flattener::BindDevice(const MakeDevice& op) {
  PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
  PELAGOS_ASSIGN_OR_RETURN(op_->bind.target, Target(op.target));
  const std::string& source = op.source.empty() ? op.target : op.source;
  PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenTree(source, false));
  PELAGOS_ASSIGN_OR_RETURN(const struct stat info, Stat(tree, source));
  const bool same_kind = op.block ? S_ISBLK(info.st_mode) : S_ISCHR(info.st_mode);
  if (!same_kind || info.st_rdev != makedev(op.major, op.minor)) {
    return absl::FailedPreconditionError(absl::StrCat("the host's '", source, "' is not ",
                                                      op.block ? "block" : "character", " device ",
                                                      op.major, ":", op.minor));
  }
  return Bind(std::move(tree), source);
}

absl::Status Flattener::Add(const MakeHostDevices& op) {
  if (!InInitialUserNamespace()) {
    return absl::FailedPreconditionError("devices cannot be made in a user namespace");
  }
  op_->call = ChildCall::kDevices;
  ChildDevice* nodes = flat_.arena_.Array<ChildDevice>(op.nodes.size());
  for (size_t i = 0; i < op.nodes.size(); ++i) {
    const HostDevice& node = op.nodes[i];
    PELAGOS_ASSIGN_OR_RETURN(const Split split, SplitTarget(absl::StrCat("/dev", node.below)));
    nodes[i].folder = i > 0 && absl::string_view(split.folder) == nodes[i - 1].folder
                          ? nodes[i - 1].folder
                          : split.folder;
    nodes[i].name = split.name;
    nodes[i].mode = (node.block ? S_IFBLK : S_IFCHR) | (node.mode & 0666);
    nodes[i].device = makedev(node.major, node.minor);
    nodes[i].uid = node.uid;
    nodes[i].gid = node.gid;
  }
  op_->devices.nodes = nodes;
  op_->devices.count = op.nodes.size();
  return absl::OkStatus();
}

absl::Status Flattener::Add(const MakeFolder& op) {
  op_->call = ChildCall::kFolder;
  op_->folder.mode = op.mode;
  PELAGOS_ASSIGN_OR_RETURN(op_->folder.target, Target(op.target));
  return absl::OkStatus();
}

absl::Status Flattener::Add(const MakeSymlink& op) {
  op_->call = ChildCall::kSymlink;
  PELAGOS_ASSIGN_OR_RETURN(op_->symlink.text, Text(op.text, "the link"));
  PELAGOS_ASSIGN_OR_RETURN(const Split split, SplitTarget(op.target));
  op_->symlink.folder = split.folder;
  op_->symlink.name = split.name;
  op_->symlink.keep = op.keep;
  StandOnGround(op.target);
  return absl::OkStatus();
}

absl::Status Flattener::Add(const MaskPath& op) {
  op_->call = ChildCall::kMask;
  PELAGOS_ASSIGN_OR_RETURN(op_->path.target, Target(op.target));
  op_->path.is_folder = std::any_of(std::begin(kMaskedFolders), std::end(kMaskedFolders),
                                    [&](const char* folder) { return op.target == folder; });
  StandOnGround(op.target);
  return NeedsMountNamespace();
}

absl::Status Flattener::Add(const MakeReadOnly& op) {
  op_->call = ChildCall::kReadOnly;
  PELAGOS_ASSIGN_OR_RETURN(op_->path.target, Target(op.target));
  StandOnGround(op.target);
  return NeedsMountNamespace();
}

absl::Status Flattener::Add(const PivotRoot& op) {
  op_->call = op.enter  ? ChildCall::kChangeRoot
              : op.move ? ChildCall::kMoveRoot
                        : ChildCall::kPivotRoot;
  is_pivoted_ = true;
  return NeedsRoot();
}

absl::Status Flattener::Add(const SealRoot&) {
  op_->call = ChildCall::kSealRoot;
  return NeedsRoot();
}

}  // namespace pelagos::launch
