// The mounts of a container, in their order: the kernel's file systems, devices, what hides parts
// of them, and what the user mounts.
//
// Source: runtime-spec config-linux.md ("Default Filesystems", "Default Devices").
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "pelagos/abi/device.h"
#include "pelagos/abi/kernel_path.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/op.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/policy/namespace_set.h"
#include "pelagos/spec/container.h"

namespace pelagos {

// Files of /etc that the runtime writes for each container, beside its upper folder.
inline constexpr const char* kRuntimeFiles[] = {"hostname", "hosts", "resolv.conf"};

inline std::string ContainerFolder(const HostFacts& facts, const std::string& id) {
  return facts.run_root + "/containers/" + id;
}
// Where its writable layer is: upper, and work beside it.
inline std::string LayerFolder(const HostFacts& facts, const std::string& id) {
  return facts.layers_root.empty() ? ContainerFolder(facts, id) : facts.layers_root + "/" + id;
}
inline std::string VolumeFolder(const HostFacts& facts, const std::string& volume) {
  return facts.data_root + "/volumes/" + volume + "/data";
}

// /proc, /dev, /sys and what lies in them.
// `shm_bytes` is the size of /dev/shm.
inline std::vector<Op> KernelMounts(NamespaceSet namespaces, const HostFacts& facts,
                                    uint64_t shm_bytes = kDefaultShmBytes) {
  constexpr uint64_t kInert = kMountNoSuid | kMountNoDev | kMountNoExec;
  std::vector<Op> ops;
  ops.push_back(MountFilesystem{"proc", "proc", "/proc", kInert, ""});
  ops.push_back(MountFilesystem{"tmpfs", "tmpfs", "/dev", kMountNoSuid | kMountStrictAtime,
                                "mode=755,size=65536k"});
  for (const DeviceRow& device : kDevices) {
    ops.push_back(MakeDevice{device.target, device.major, device.minor, 0666});
  }
  ops.push_back(MakeSymlink{"/proc/self/fd", "/dev/fd"});
  ops.push_back(MakeSymlink{"/proc/self/fd/0", "/dev/stdin"});
  ops.push_back(MakeSymlink{"/proc/self/fd/1", "/dev/stdout"});
  ops.push_back(MakeSymlink{"/proc/self/fd/2", "/dev/stderr"});
  ops.push_back(MakeSymlink{"pts/ptmx", "/dev/ptmx"});
  ops.push_back(MountFilesystem{"devpts", "devpts", "/dev/pts", kMountNoSuid | kMountNoExec,
                                "ptmxmode=0666,mode=0620,gid=5"});
  ops.push_back(MountFilesystem{"tmpfs", "shm", "/dev/shm", kInert,
                                absl::StrCat("mode=1777,size=", shm_bytes / 1024, "k")});
  // The queues shown are those of the IPC namespace: never the host's.
  if (namespaces.contains(Namespace::kIpc)) {
    ops.push_back(MountFilesystem{"mqueue", "mqueue", "/dev/mqueue", kInert, ""});
  }
  ops.push_back(MountFilesystem{"sysfs", "sysfs", "/sys", kInert | kMountReadOnly, ""});
  if (facts.cgroups.v2_mount.empty()) {
    ops.push_back(
        MountFilesystem{"tmpfs", "tmpfs", "/sys/fs/cgroup", kInert | kMountReadOnly, "mode=755"});
  } else if (namespaces.contains(Namespace::kCgroup)) {
    ops.push_back(
        MountFilesystem{"cgroup2", "cgroup", "/sys/fs/cgroup", kInert | kMountReadOnly, ""});
  } else {
    // A mount of its own from the initial namespace would set the options of the host's (nsdelegate
    // would be gone, cgroups(7)).
    BindMount host = {facts.cgroups.v2_mount, "/sys/fs/cgroup", true};
    host.recursive = false;
    host.flags = kInert;
    ops.push_back(host);
  }
  return ops;
}

inline BindMount BindOf(const Mount& mount, const std::string& source, const std::string& target) {
  const MountOptions& options = mount.options;
  BindMount bind = {source, target, mount.read_only};
  bind.recursive = options.recursion != BindRecursion::kDisabled;
  bind.read_only_below = options.recursion != BindRecursion::kWritable;
  bind.propagation = options.propagation;
  bind.flags = (options.nosuid.value_or(false) ? kMountNoSuid : 0) |
               (options.nodev.value_or(false) ? kMountNoDev : 0) |
               (options.noexec.value_or(false) ? kMountNoExec : 0);
  bind.subpath = options.subpath;
  bind.ids = options.ids;
  bind.make_source = options.make_source;
  return bind;
}

inline MountFilesystem TmpfsOf(const Mount& mount, const std::string& target) {
  constexpr uint32_t kMode = 01777;
  const MountOptions& options = mount.options;
  const TmpfsOptions& tmpfs = options.tmpfs;
  const uint64_t flags = (mount.read_only ? kMountReadOnly : 0) |
                         (options.nosuid.value_or(true) ? kMountNoSuid : 0) |
                         (options.nodev.value_or(true) ? kMountNoDev : 0) |
                         (options.noexec.value_or(false) ? kMountNoExec : 0);
  std::string data = absl::StrFormat("mode=%o", tmpfs.mode.value_or(kMode));
  if (tmpfs.size_bytes != 0) absl::StrAppend(&data, ",size=", tmpfs.size_bytes);
  if (tmpfs.inodes != 0) absl::StrAppend(&data, ",nr_inodes=", tmpfs.inodes);
  if (tmpfs.uid) absl::StrAppend(&data, ",uid=", *tmpfs.uid);
  if (tmpfs.gid) absl::StrAppend(&data, ",gid=", *tmpfs.gid);
  return {"tmpfs", "tmpfs", target, flags, data};
}

// What the user mounts, and the runtime's files of /etc where the user mounts none of the name.
// Sorted by depth, so that no mount hides another; equal depths stay in the order of the spec.
inline std::vector<Op> UserMounts(const std::string& id, const MountPlan& plan,
                                  const HostFacts& facts) {
  std::vector<std::pair<std::string, Op>> targets;
  for (const char* file : kRuntimeFiles) {
    const std::string target = std::string("/etc/") + file;
    const bool taken =
        std::any_of(plan.mounts().begin(), plan.mounts().end(),
                    [&](const Mount& mount) { return CleanTarget(mount.target) == target; });
    if (!taken) {
      BindMount bind = {ContainerFolder(facts, id) + "/" + file, target};
      bind.is_file = true;
      targets.emplace_back(target, std::move(bind));
    }
  }
  for (const Mount& mount : plan.mounts()) {
    const std::string target = CleanTarget(mount.target);
    switch (mount.kind) {
      case MountKind::kBind:
        targets.emplace_back(target, BindOf(mount, mount.source, target));
        break;
      case MountKind::kVolume:
        targets.emplace_back(target, BindOf(mount, VolumeFolder(facts, mount.source), target));
        break;
      case MountKind::kTmpfs:
        targets.emplace_back(target, TmpfsOf(mount, target));
        break;
    }
  }
  std::stable_sort(targets.begin(), targets.end(), [](const auto& a, const auto& b) {
    return TargetDepth(a.first) < TargetDepth(b.first);
  });
  std::vector<Op> ops;
  for (auto& [target, op] : targets) ops.push_back(std::move(op));
  return ops;
}

// What the kernel shows that is none of a container's business: /proc and /sys.
inline std::vector<Op> Hardening(const HostFacts& facts) {
  std::vector<Op> ops;
  for (const absl::string_view path : kMaskedPaths) {
    const bool gone = std::any_of(
        std::begin(kGoneKernelPaths), std::end(kGoneKernelPaths),
        [&](const GoneKernelPath& row) { return path == row.path && facts.kernel >= row.since; });
    if (!gone) ops.push_back(MaskPath{std::string(path)});
  }
  for (const std::string& path : facts.thermal_throttle) ops.push_back(MaskPath{path});
  for (const char* path : kReadOnlyPaths) ops.push_back(MakeReadOnly{path});
  return ops;
}

// That, unless `spec` opts out, and what it hides beside.
inline std::vector<Op> HiddenPaths(const ContainerSpec& spec, const HostFacts& facts) {
  std::vector<Op> ops;
  if (!spec.privileged && spec.mask_paths) ops = Hardening(facts);
  for (const std::string& path : spec.masked_paths) ops.push_back(MaskPath{CleanTarget(path)});
  return ops;
}

}  // namespace pelagos
