#include <sys/mount.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/abi/mount_attribute.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/plan_parts.h"
#include "pelagos/oci/systemd/properties.h"
#include "pelagos/oci/systemd/unit.h"
#include "pelagos/policy/cgroup_plan.h"

namespace pelagos::oci {
namespace {

absl::StatusOr<SystemdUnit> UnitOf(const Config& config, const BundleFacts& facts) {
  return ParseSystemdUnit(LinuxOf(config).cgroups_path, facts.id, facts.systemd->user);
}

// "a/b" of "/a//b/": what stands below each hierarchy's root.
std::string PathOf(const Config& config, const BundleFacts& facts) {
  std::string path = LinuxOf(config).cgroups_path;
  if (facts.systemd) {
    const absl::StatusOr<SystemdUnit> unit = UnitOf(config, facts);
    path = unit.ok() ? absl::StrCat(facts.systemd->root, "/", UnitPath(*unit)) : "";
  }
  const std::vector<std::string> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
  return parts.empty() ? facts.id : absl::StrJoin(parts, "/");
}

// The mount points of v1, each with its controllers.
std::map<std::string, std::vector<std::string>> Hierarchies(const BundleFacts& facts) {
  std::map<std::string, std::vector<std::string>> mounts;
  for (const auto& [controller, mount] : facts.cgroups.v1_mounts) {
    mounts[mount].push_back(controller);
  }
  return mounts;
}

// Every folder between the hierarchy's root and the container's own.
void AddParents(const std::string& root, const std::string& path, CgroupSteps* steps) {
  std::string folder = root;
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    absl::StrAppend(&folder, "/", parts[i]);
    steps->parents.push_back(folder);
  }
}

// All controllers are handed down, as far as v2 lets them: clients read what the container uses.
// Those that a limit needs must be. From the folder `root` down to the one above the container's.
void Enable(const std::string& root, const std::string& path, const std::set<std::string>& all,
            const std::set<std::string>& needed, CgroupSteps* steps) {
  std::string folder = root;
  std::vector<std::string> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
  parts.pop_back();
  const auto add = [&] {
    for (const std::string& controller : all) {
      CgroupWrite write = {folder + "/cgroup.subtree_control", "+" + controller};
      write.optional = needed.count(controller) == 0;
      steps->enable.push_back(std::move(write));
    }
  };
  add();
  for (const std::string& part : parts) {
    absl::StrAppend(&folder, "/", part);
    add();
  }
}

// systemd hands its own controllers down to a unit that is delegated, and knows not all of the
// kernel's.
void EnableBySystemd(const Config& config, const BundleFacts& facts, CgroupSteps* steps) {
  const absl::StatusOr<SystemdUnit> unit = UnitOf(config, facts);
  if (!unit.ok()) return;
  const auto& all = facts.cgroups.v2_controllers;
  Enable(absl::StrCat(facts.cgroups.v2_mount, facts.systemd->root), UnitPath(*unit),
         {all.begin(), all.end()}, {}, steps);
}

// devices.deny and devices.allow of v1, where there is no v2 to filter by. There the last write
// counts, in a list the first rule; and a denial is taken back only as it was made.
void AddDevicesV1(const std::string& folder, const std::vector<DeviceRule>& rules,
                  Mistakes& mistakes, CgroupSteps* steps) {
  const bool denies =
      std::any_of(rules.begin(), rules.end(), [](const DeviceRule& rule) { return rule.deny; });
  if (!denies) {
    steps->limits.push_back({folder + "/devices.deny", "a"});
    for (const DeviceRule& rule : rules) {
      steps->limits.push_back({folder + "/devices.allow", DeviceRuleText(rule)});
    }
    return;
  }
  steps->limits.push_back({folder + "/devices.allow", "a"});
  constexpr std::ptrdiff_t kEverything = 2;  // block, character: the end of the list
  for (auto rule = rules.rbegin() + kEverything; rule != rules.rend(); ++rule) {
    const bool taken_back = std::any_of(rules.rbegin(), rule, [&rule](const DeviceRule& other) {
      return other.deny && other.type == rule->type && other.major == rule->major &&
             other.minor == rule->minor;
    });
    const bool ours =
        std::count(kDefaultDeviceRules.begin(), kDefaultDeviceRules.end(), *rule) != 0;
    if (rule->deny || taken_back) {
      const char* const file = rule->deny ? "/devices.deny" : "/devices.allow";
      steps->limits.push_back({folder + file, DeviceRuleText(*rule)});
    } else if (!ours) {
      mistakes.Add("/linux/resources/devices",
                   absl::StrCat("cgroup v1 cannot allow '", DeviceRuleText(*rule),
                                "' after a denial of other numbers"));
    }
  }
}

absl::string_view Name(absl::string_view path) { return path.substr(path.rfind('/') + 1); }

bool Has(const Config& config, absl::string_view kind) {
  const auto& list = LinuxOf(config).namespaces;
  return std::any_of(list.begin(), list.end(),
                     [kind](const NamespaceEntry& entry) { return entry.type == kind; });
}

BindMount BindOf(const std::string& source, const std::string& target, bool read_only) {
  BindMount bind = {source, target, false};
  bind.attributes.emplace();
  bind.attributes->set = kAttrNoSuid | kAttrNoDev | kAttrNoExec | (read_only ? kAttrReadOnly : 0);
  bind.attributes->propagation = {MS_PRIVATE};
  bind.recursive = false;
  return bind;
}

}  // namespace

CgroupFolders CgroupFoldersOf(const Config& config, const BundleFacts& facts) {
  const std::string path = PathOf(config, facts);
  CgroupFolders folders;
  if (!facts.cgroups.v2_mount.empty()) {
    folders.v2 = absl::StrCat(facts.cgroups.v2_mount, "/", path);
    folders.v2_controllers.insert(facts.cgroups.v2_controllers.begin(),
                                  facts.cgroups.v2_controllers.end());
  }
  for (const auto& [controller, mount] : facts.cgroups.v1_mounts) {
    folders.v1[controller] = absl::StrCat(mount, "/", path);
  }
  return folders;
}

CgroupSteps PlanCgroups(const Config& config, const BundleFacts& facts, Mistakes& mistakes) {
  const Linux& linux_part = LinuxOf(config);
  CgroupSteps steps;
  if (facts.systemd) {
    const absl::StatusOr<SystemdUnit> unit = UnitOf(config, facts);
    if (!unit.ok()) {
      mistakes.Add("/linux/cgroupsPath", unit.status().message());
      return steps;
    }
    AnnotationProperties(config.annotations, mistakes);
    steps.placed_by = absl::StrCat("systemd, unit ", unit->name, " in ", unit->slice);
  }
  for (absl::string_view part : absl::StrSplit(linux_part.cgroups_path, '/')) {
    if (part == "." || part == ".." || part.find('\n') != absl::string_view::npos) {
      mistakes.Add("/linux/cgroupsPath", "must not hold ., .. or a newline");
      return steps;
    }
  }
  const std::string path = PathOf(config, facts);
  const CgroupFolders folders = CgroupFoldersOf(config, facts);
  const Resources none;
  const Resources& resources = linux_part.resources ? *linux_part.resources : none;
  std::vector<CgroupWrite> limits = LimitWrites(resources, folders, "/linux/resources", mistakes);

  if (!folders.v2.empty()) {
    steps.v2 = folders.v2;
    // systemd makes the folders of v2. On a hybrid host mounts may show them before it does.
    if (!facts.systemd || !facts.cgroups.v1_mounts.empty()) {
      AddParents(facts.cgroups.v2_mount, path, &steps);
    }
    if (facts.systemd) {
      EnableBySystemd(config, facts, &steps);
    } else {
      Enable(facts.cgroups.v2_mount, path, folders.v2_controllers, ControllersOf(limits, folders),
             &steps);
    }
  }
  for (const auto& [mount, controllers] : Hierarchies(facts)) {
    const std::string folder = absl::StrCat(mount, "/", path);
    AddParents(mount, path, &steps);
    // A cpuset of v1 begins empty, and nobody can be in it (cpuset(7)): it takes after its parent
    // as those above do.
    const bool cpuset = std::count(controllers.begin(), controllers.end(), "cpuset") != 0;
    if (cpuset) steps.parents.push_back(folder);
    steps.v1.push_back(folder);
  }
  const std::vector<DeviceRule> devices =
      AllowedDevices(resources.devices, "/linux/resources/devices", mistakes);
  // user_namespaces(7): nobody in one can make device nodes, nor filter them.
  if (facts.host.in_user_namespace || devices.empty()) {
    // Nothing to filter.
  } else if (!steps.v2.empty()) {
    steps.devices = devices;
  } else if (folders.v1.count("devices") != 0) {
    AddDevicesV1(folders.v1.at("devices"), devices, mistakes, &steps);
  }
  steps.limits.insert(steps.limits.end(), limits.begin(), limits.end());
  return steps;
}

absl::StatusOr<NewUnit> PlanUnit(const Config& config, const BundleFacts& facts) {
  NewUnit unit;
  PELAGOS_ASSIGN_OR_RETURN(unit.unit, UnitOf(config, facts));
  unit.cgroup = absl::StrCat(facts.systemd->root, "/", UnitPath(unit.unit));
  const CgroupFolders folders = CgroupFoldersOf(config, facts);
  const Resources none;
  const Linux& linux_part = LinuxOf(config);
  const Resources& resources = linux_part.resources ? *linux_part.resources : none;
  UnitProperties more = LimitProperties(resources, folders, facts.systemd->version);
  Mistakes mistakes;
  const auto add = [&more](UnitProperties list) {
    for (UnitProperty& property : list) more.push_back(std::move(property));
  };
  const std::vector<DeviceRule> devices = AllowedDevices(resources.devices, "", mistakes);
  // Nobody filters devices for a user; and where all are allowed there is nothing to say.
  if (!facts.systemd->user && !devices.empty()) add(DeviceProperties(devices));
  add(AnnotationProperties(config.annotations, mistakes));
  PELAGOS_RETURN_IF_ERROR(mistakes.status());
  unit.properties = NewUnitProperties(unit.unit, facts.id, folders, more);
  return unit;
}

// As runc does: v2 as itself; v1 as a tmpfs with a folder for each hierarchy. In the host's cgroup
// namespace the container sees its own part of each by a bind.
std::vector<Op> CgroupMountOps(const Mount& mount, const std::string& target, uint64_t flags,
                               const Config& config, const BundleFacts& facts) {
  constexpr uint64_t kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const bool own = Has(config, "cgroup");
  const bool read_only = (flags & MS_RDONLY) != 0;
  const sys::CgroupMounts& host = facts.host_cgroups;
  const CgroupFolders folders = CgroupFoldersOf(config, facts);
  std::vector<Op> ops;
  if (mount.type == "cgroup2" || host.v1_mounts.empty()) {
    if (own || host.v2_mount.empty()) {
      ops.push_back(MountFilesystem{"cgroup2", "cgroup", target, flags, ""});
    } else {
      ops.push_back(BindOf(host.v2_mount, target, read_only));
    }
    return ops;
  }
  // None of v1 is ours, as an ordinary user's: the host's are shown, to be read.
  if (folders.v1.empty()) {
    const std::string& point = host.v1_mounts.begin()->second;
    BindMount all = BindOf(point.substr(0, point.rfind('/')), target, /*read_only=*/true);
    all.recursive = true;
    all.attributes->set_below = all.attributes->set;
    all.attributes->propagation = {MS_PRIVATE | MS_REC};
    ops.push_back(std::move(all));
    return ops;
  }
  ops.push_back(MountFilesystem{"tmpfs", "tmpfs", target, kInert, "mode=755"});
  const auto add = [&](const std::string& name, const std::string& type, const std::string& data,
                       const std::string& folder) {
    const std::string at = absl::StrCat(target, "/", name);
    if (own) {
      ops.push_back(MountFilesystem{type, "cgroup", at, flags | kInert, data});
    } else {
      ops.push_back(BindOf(folder, at, read_only));
    }
  };
  for (const auto& [point, controllers] : Hierarchies(facts)) {
    const std::string name(Name(point));
    add(name, "cgroup", absl::StrJoin(controllers, ","), folders.v1.at(controllers[0]));
    if (controllers.size() < 2) continue;
    for (const std::string& controller : controllers) {
      if (controller != name) {
        ops.push_back(MakeSymlink{name, absl::StrCat(target, "/", controller), true});
      }
    }
  }
  if (!folders.v2.empty()) add("unified", "cgroup2", "", folders.v2);
  if (read_only) ops.push_back(ChangeMount{target, {kAttrReadOnly, 0, 0, 0, {}}});
  return ops;
}

}  // namespace pelagos::oci
