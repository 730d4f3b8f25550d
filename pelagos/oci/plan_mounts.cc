#include <sys/mount.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/abi/device.h"
#include "pelagos/abi/mount_attribute.h"
#include "pelagos/oci/mount_options.h"
#include "pelagos/oci/plan_parts.h"

namespace pelagos::oci {
namespace {

// "/a/b" of "a//b/": absolute, no dots, no doubled slashes. ".." goes up, as for runc, never above.
std::string CleanDestination(absl::string_view path) {
  std::vector<absl::string_view> parts;
  for (absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string clean;
  for (absl::string_view part : parts) absl::StrAppend(&clean, "/", part);
  return clean.empty() ? "/" : clean;
}

std::vector<IdMapping> Mappings(const std::vector<IdMap>& maps) {
  std::vector<IdMapping> list;
  for (const IdMap& map : maps) list.push_back({map.container_id, map.host_id, map.size});
  return list;
}

// Labels, settings and masks are of proc(5), not of what a bundle put in its place (CVE-2019-16884,
// CVE-2019-19921). Single files may be covered: lxcfs does so; the list is runc's.
bool IsAllowedInProc(const Mount& mount, const std::string& target, bool bind) {
  constexpr absl::string_view kFiles[] = {
      "/proc/cpuinfo",
      "/proc/diskstats",
      "/proc/meminfo",
      "/proc/stat",
      "/proc/swaps",
      "/proc/uptime",
      "/proc/loadavg",
      "/proc/slabinfo",
      "/proc/net/dev",
      "/proc/sys/kernel/ns_last_pid",
      "/proc/sys/crypto/fips_enabled",
  };
  if (target == "/proc") {
    return bind ? CleanDestination(mount.source) == "/proc" : mount.type == "proc";
  }
  return !absl::StartsWith(target, "/proc/") ||
         std::find(std::begin(kFiles), std::end(kFiles), target) != std::end(kFiles);
}

class MountPlanner {
 public:
  MountPlanner(const Config& config, const BundleFacts& facts, Mistakes& mistakes)
      : config_(config), facts_(facts), mistakes_(mistakes) {}

  void Add(const Mount& mount, const std::string& at) {
    const MountOptionSet options = ParseMountOptions(mount.options);
    const std::string target = CleanDestination(mount.destination);
    if (mount.destination.empty()) return mistakes_.Add(at + "/destination", "is empty");
    const bool bind = options.bind || mount.type == "bind";
    if ((options.flags & MS_REMOUNT) != 0) return Remount(mount, options, target, bind, at);
    if (!IsAllowedInProc(mount, target, bind)) {
      return mistakes_.Add(at + "/destination",
                           target == "/proc" ? "/proc must be of type proc, or a bind of /proc"
                                             : "nothing may be mounted at this place in /proc");
    }
    if (bind) return Bind(mount, options, target, at);
    if (mount.type.empty()) return mistakes_.Add(at + "/type", "is missing");
    if (mount.type == "cgroup" || mount.type == "cgroup2") {
      if (HasIds(mount, options)) {
        return mistakes_.Add(at + "/uidMappings", "cgroup file systems cannot map ids");
      }
      for (Op& op : CgroupMountOps(mount, target, options.flags, config_, facts_)) {
        ops_.push_back(std::move(op));
      }
      return Change(target, options, 0);
    }
    // The launcher mounts the root, whose namespaces are not the container's.
    const absl::string_view kOfNamespaces[] = {"proc", "sysfs", "devpts", "mqueue"};
    if (target == "/" && std::count(std::begin(kOfNamespaces), std::end(kOfNamespaces),
                                    absl::string_view(mount.type)) != 0) {
      return mistakes_.Add(at + "/destination", "must not be the root");
    }
    Filesystem(mount, options, target, at);
  }

  std::vector<Op> ops() && { return std::move(ops_); }

 private:
  void Bind(const Mount& mount, const MountOptionSet& options, const std::string& target,
            const std::string& at) {
    if (mount.source.empty()) return mistakes_.Add(at + "/source", "is missing");
    BindMount bind = {InBundle(facts_.bundle, mount.source), target, false};
    bind.recursive = options.recursive;
    bind.attributes = options.attributes;
    // The copy of a shared mount would be shared with the host's.
    if (bind.attributes->propagation.empty()) {
      bind.attributes->propagation = {MS_PRIVATE | MS_REC};
    }
    if (options.copy_up) mistakes_.Add(at + "/options", "tmpcopyup is for tmpfs only");
    if (HasIds(mount, options)) {
      bind.ids = IdsOf(mount, at);
      bind.ids_below = options.map_ids_below;
    }
    ops_.push_back(std::move(bind));
  }

  static bool HasIds(const Mount& mount, const MountOptionSet& options) {
    return options.map_ids || !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
  }

  // config.md, "idmap": without maps of its own a mount takes the user namespace's.
  MountIdMap IdsOf(const Mount& mount, const std::string& at) {
    MountIdMap ids = {Mappings(mount.uid_mappings), Mappings(mount.gid_mappings)};
    if (mount.uid_mappings.empty() && mount.gid_mappings.empty()) {
      const Linux& linux_part = LinuxOf(config_);
      ids = {Mappings(linux_part.uid_mappings), Mappings(linux_part.gid_mappings)};
      if (ids.empty()) {
        mistakes_.Add(at + "/options",
                      "idmap needs uidMappings and gidMappings, here or of a user namespace");
      }
    }
    if (const absl::string_view problem = IdMapProblem(ids); !problem.empty()) {
      mistakes_.Add(at + "/uidMappings", problem);
    }
    return ids;
  }

  // Of what an earlier entry mounted there: mount(2), MS_REMOUNT; the attributes of a bind alone.
  void Remount(const Mount& mount, const MountOptionSet& options, const std::string& target,
               bool bind, const std::string& at) {
    if (HasIds(mount, options)) mistakes_.Add(at + "/uidMappings", "are not changed by a remount");
    if (bind) {
      if (!options.attributes.empty()) ops_.push_back(ChangeMount{target, options.attributes});
      return;
    }
    ops_.push_back(MountFilesystem{mount.type, mount.source, target, options.flags, options.data});
    Change(target, options, 0);
  }

  void Filesystem(const Mount& mount, const MountOptionSet& options, const std::string& target,
                  const std::string& at) {
    MountFilesystem op = {mount.type, mount.source.empty() ? mount.type : mount.source, target,
                          options.flags, options.data};
    const std::string& label = LinuxOf(config_).mount_label;
    if (!label.empty() &&
        (mount.type == "tmpfs" || mount.type == "devpts" || mount.type == "mqueue")) {
      absl::StrAppend(&op.data, op.data.empty() ? "" : ",", "context=\"", label, "\"");
    }
    if (HasIds(mount, options)) {
      op.ids = IdsOf(mount, at);
      if (options.copy_up) mistakes_.Add(at + "/options", "tmpcopyup does not go with mapped ids");
    }
    uint64_t later = 0;
    if (mount.type == "tmpfs") {
      const std::vector<absl::string_view> words = absl::StrSplit(options.data, ',');
      // The launcher, which mounts those whose ids are mapped, does not know the folder.
      op.keep_mode = op.ids.empty() && target != "/" &&
                     std::none_of(words.begin(), words.end(), [](absl::string_view word) {
                       return absl::StartsWith(word, "mode=");
                     });
      op.copy_up = options.copy_up;
      // What is read-only cannot be filled any more, nor its mode be changed. /dev is filled last
      // (DeviceOps).
      if ((op.flags & MS_RDONLY) != 0 && (op.copy_up || op.keep_mode || target == "/dev")) {
        op.flags &= ~static_cast<uint64_t>(MS_RDONLY);
        if (target != "/dev") later = kAttrReadOnly;
      }
    } else if (options.copy_up) {
      mistakes_.Add(at + "/options", "tmpcopyup is for tmpfs only");
    }
    ops_.push_back(std::move(op));
    Change(target, options, later);
  }

  // What mount(2) does not take with the file system.
  void Change(const std::string& target, const MountOptionSet& options, uint64_t set) {
    MountAttributes rest = options.attributes;
    rest.set = set;
    rest.clear = 0;
    if (!rest.empty()) ops_.push_back(ChangeMount{target, rest});
  }

  const Config& config_;
  const BundleFacts& facts_;
  Mistakes& mistakes_;
  std::vector<Op> ops_;
};

// A /dev that is the host's is not ours to fill.
bool DevIsBound(const Config& config) {
  return std::any_of(config.mounts.begin(), config.mounts.end(), [](const Mount& mount) {
    return CleanDestination(mount.destination) == "/dev" &&
           (mount.type == "bind" || ParseMountOptions(mount.options).bind);
  });
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

std::vector<Op> MountOps(const Config& config, const BundleFacts& facts, Mistakes& mistakes) {
  MountPlanner planner(config, facts, mistakes);
  for (size_t i = 0; i < config.mounts.size(); ++i) {
    planner.Add(config.mounts[i], absl::StrCat("/mounts/", i));
  }
  return std::move(planner).ops();
}

std::vector<Op> DeviceOps(const Config& config, Mistakes& mistakes) {
  constexpr uint32_t kMode = 0666, kPermissions = 07777;
  const bool bound = DevIsBound(config);
  std::vector<Op> ops;
  std::set<std::string> folders = {"/dev", "/"}, taken;
  ops.push_back(MakeFolder{"/dev"});
  std::vector<Op> nodes;
  const std::vector<DeviceNode>& devices = LinuxOf(config).devices;
  for (size_t i = 0; i < devices.size(); ++i) {
    const DeviceNode& device = devices[i];
    const std::string at = absl::StrCat("/linux/devices/", i);
    const bool fifo = device.type == "p";
    if (!fifo && device.type != "c" && device.type != "u" && device.type != "b") {
      mistakes.Add(at + "/type", "must be c, u, b or p");
      continue;
    }
    if (!absl::StartsWith(device.path, "/")) {
      mistakes.Add(at + "/path", "must be an absolute path");
      continue;
    }
    if (!fifo && (!device.major || !device.minor)) {
      mistakes.Add(at + (device.major ? "/minor" : "/major"), "is missing");
      continue;
    }
    const auto fits = [](const std::optional<int64_t>& number) {
      return number.value_or(0) >= 0 && number.value_or(0) <= 0xffffffff;
    };
    if (!fits(device.major) || !fits(device.minor)) {
      mistakes.Add(at, "has numbers that no device has");
      continue;
    }
    MakeDevice make = {CleanDestination(device.path),
                       static_cast<uint32_t>(device.major.value_or(0)),
                       static_cast<uint32_t>(device.minor.value_or(0)),
                       device.file_mode.value_or(kMode) & kPermissions};
    make.block = device.type == "b";
    make.uid = device.uid.value_or(0);
    make.gid = device.gid.value_or(0);
    make.fifo = fifo;
    make.keep = true;
    taken.insert(make.target);
    if (bound && absl::StartsWith(make.target, "/dev/")) continue;
    const std::string folder = FolderOf(make.target);
    if (folders.insert(folder).second) nodes.push_back(MakeFolder{folder});
    nodes.push_back(std::move(make));
  }
  if (bound) return nodes;
  for (const DeviceRow& row : kDevices) {
    if (taken.count(row.target) != 0) continue;
    MakeDevice make = {row.target, row.major, row.minor, kMode};
    make.keep = true;
    ops.push_back(std::move(make));
  }
  for (Op& op : nodes) ops.push_back(std::move(op));
  ops.push_back(MakeSymlink{"/proc/self/fd", "/dev/fd", true});
  ops.push_back(MakeSymlink{"/proc/self/fd/0", "/dev/stdin", true});
  ops.push_back(MakeSymlink{"/proc/self/fd/1", "/dev/stdout", true});
  ops.push_back(MakeSymlink{"/proc/self/fd/2", "/dev/stderr", true});
  ops.push_back(MakeSymlink{"pts/ptmx", "/dev/ptmx", true});
  return ops;
}

std::vector<Op> DevSealOps(const Config& config) {
  bool sealed = false;
  for (const Mount& mount : config.mounts) {
    if (CleanDestination(mount.destination) != "/dev") continue;
    sealed = mount.type == "tmpfs" && (ParseMountOptions(mount.options).flags & MS_RDONLY) != 0;
  }
  if (!sealed) return {};
  return {ChangeMount{"/dev", {kAttrReadOnly, 0, 0, 0, {}}}};
}

}  // namespace pelagos::oci
