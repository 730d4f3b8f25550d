#include "pelagos/oci/from_spec.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/base/sha256.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/seccomp_default.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/oci/from_spec_limits.h"
#include "pelagos/plan/device.h"
#include "pelagos/plan/environment.h"
#include "pelagos/plan/mount.h"
#include "pelagos/plan/rights.h"
#include "pelagos/plan/rules.h"
#include "pelagos/spec/json.h"
#include "pelagos/spec/seccomp_json.h"

namespace pelagos::oci {
namespace {

constexpr char kVersion[] = "1.2.0";

// "CAP_NET_ADMIN" of net-admin.
Texts Names(CapabilitySet set) {
  Texts names;
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    if (!set.contains(static_cast<Capability>(i))) continue;
    names.push_back(absl::StrCat(
        "CAP_", absl::AsciiStrToUpper(absl::StrReplaceAll(kCapabilityNames[i], {{"-", "_"}}))));
  }
  return names;
}

Texts FlagWords(uint64_t flags) {
  return absl::StrSplit(MountFlagNames(flags), ',', absl::SkipEmpty());
}

std::vector<IdMap> Maps(const std::vector<IdMapping>& ids) {
  std::vector<IdMap> maps;
  for (const IdMapping& id : ids) maps.push_back({id.files, id.shown, id.count});
  return maps;
}

Mount MountFrom(const MountFilesystem& op) {
  Mount mount = {op.target, op.type, op.source, FlagWords(op.flags), {}, {}};
  const std::vector<std::string> data = absl::StrSplit(op.data, ',', absl::SkipEmpty());
  mount.options.insert(mount.options.end(), data.begin(), data.end());
  return mount;
}

Mount MountFrom(const BindMount& op) {
  const std::string source =
      op.subpath.empty() ? op.source : absl::StrCat(op.source, "/", op.subpath);
  Mount mount = {op.target, "bind", source, {op.recursive ? "rbind" : "bind"}, {}, {}};
  const bool below = op.recursive && op.read_only_below;
  if (op.read_only) mount.options.emplace_back(below ? "rro" : "ro");
  for (const std::string& word : FlagWords(op.flags)) {
    mount.options.push_back(op.recursive ? "r" + word : word);
  }
  mount.options.push_back(absl::StrCat("r", NameOf(op.propagation)));
  mount.uid_mappings = Maps(op.ids.uids);
  mount.gid_mappings = Maps(op.ids.gids);
  return mount;
}

// What the runtime does by itself for every bundle needs no word: devices and links of /dev.
void AddMounts(const std::vector<Op>& ops, Config& config) {
  for (const Op& op : ops) {
    if (const auto* filesystem = std::get_if<MountFilesystem>(&op)) {
      config.mounts.push_back(MountFrom(*filesystem));
    } else if (const auto* bind = std::get_if<BindMount>(&op)) {
      config.mounts.push_back(MountFrom(*bind));
    }
  }
}

void AddUserMounts(const PlanInputs& in, Config& config) {
  std::vector<std::pair<std::string, Op>> targets;
  for (const pelagos::Mount& mount : in.spec.mounts.mounts()) {
    const std::string target = CleanTarget(mount.target);
    if (mount.kind == MountKind::kTmpfs) {
      targets.emplace_back(target, TmpfsOf(mount, target));
    } else {
      const bool volume = mount.kind == MountKind::kVolume;
      const std::string source = volume ? VolumeFolder(in.facts, mount.source) : mount.source;
      targets.emplace_back(target, BindOf(mount, source, target));
    }
  }
  std::stable_sort(targets.begin(), targets.end(), [](const auto& a, const auto& b) {
    return TargetDepth(a.first) < TargetDepth(b.first);
  });
  for (auto& [target, op] : targets) AddMounts({op}, config);
}

Process ProcessFrom(const PlanInputs& in) {
  const auto& [spec, image, user, facts] = in;
  Process process;
  process.terminal = spec.terminal;
  process.user = {user.uid, user.gid, std::nullopt, user.groups};
  if (spec.umask != kDefaultUmask) process.user.umask = spec.umask;
  process.args = WithInit(spec, CommandOf(spec, image));
  process.env = EnvironmentOf(spec, image, user);
  process.cwd = WorkdirOf(spec, image);
  const LimitCapabilities limits = CapabilitiesOf(in);
  const CapabilitySet own = user.uid == 0 ? limits.keep : CapabilitySet{};
  const ProcessCapabilities sets =
      limits.process ? *limits.process : ProcessCapabilities{own, own, {}, {}};
  process.capabilities =
      Capabilities{Names(limits.keep), Names(sets.effective), Names(sets.inheritable),
                   Names(sets.permitted), Names(sets.ambient)};
  for (const auto& [limit, pair] : spec.rlimits.pairs()) {
    process.rlimits.push_back(
        {absl::StrCat("RLIMIT_", absl::AsciiStrToUpper(NameOf(limit))), pair.soft, pair.hard});
  }
  process.no_new_privileges = spec.no_new_privileges;
  process.apparmor_profile = spec.labels.apparmor;
  process.selinux_label = spec.labels.selinux;
  process.oom_score_adj = spec.oom_score_adj;
  return process;
}

std::vector<NamespaceEntry> NamespacesFrom(const ContainerSpec& spec) {
  std::vector<NamespaceEntry> list;
  for (const NamespaceRow& row : kNamespaces) {
    const bool host = row.value == Namespace::kNet && spec.net.mode == NetMode::kHost;
    if (spec.namespaces.contains(row.value) && !host) list.push_back({std::string(row.name), ""});
  }
  for (const NamespaceJoin& join : spec.joins) {
    list.push_back({std::string(RowOf(join.kind).name), join.path});
  }
  return list;
}

std::string DigestOfRest(Config config) {
  config.annotations.erase(kDigestAnnotation);
  return absl::StrCat("sha256:", Sha256Hex(WriteConfig(config)));
}

}  // namespace

absl::StatusOr<Config> ConfigFrom(const PlanInputs& in) {
  const auto& [spec, image, user, facts] = in;
  Config config;
  config.oci_version = kVersion;
  config.root = Root{spec.rootfs.empty() ? "rootfs" : spec.rootfs, spec.read_only};
  config.process = ProcessFrom(in);
  if (spec.namespaces.contains(Namespace::kUts)) config.hostname = HostnameOf(spec);
  config.domainname = spec.domainname;

  std::vector<Op> kernel = KernelMounts(spec.namespaces, facts, spec.shm_bytes);
  AdaptMounts(spec, kernel);
  AddMounts(kernel, config);
  AddMounts(InitMount(spec, facts), config);
  AddUserMounts(in, config);

  Linux& linux_part = config.linux_part.emplace();
  linux_part.namespaces = NamespacesFrom(spec);
  linux_part.sysctl = spec.sysctls;
  linux_part.mount_label = spec.labels.selinux_mount;
  for (const Op& op : DeviceOps(spec, facts)) {
    const auto* device = std::get_if<MakeDevice>(&op);
    if (device == nullptr) continue;
    linux_part.devices.push_back({device->block ? "b" : "c", device->target, device->major,
                                  device->minor, device->mode, device->uid, device->gid});
  }
  for (const Op& op : HiddenPaths(spec, facts)) {
    if (const auto* mask = std::get_if<MaskPath>(&op)) {
      linux_part.masked_paths.push_back(mask->target);
    } else if (const auto* path = std::get_if<MakeReadOnly>(&op)) {
      linux_part.readonly_paths.push_back(path->target);
    }
  }
  if (!spec.cgroup.parent.empty()) {
    linux_part.cgroups_path = absl::StrCat("/", spec.cgroup.parent, "/", spec.name);
  }
  PELAGOS_ASSIGN_OR_RETURN(linux_part.resources, ResourcesFrom(WithDevices(spec, facts), facts));
  if (spec.seccomp.profile == SeccompProfile::kDefault) {
    linux_part.seccomp = RawJson{SeccompText(launch::DefaultSeccompFilter(), in)};
  } else if (spec.seccomp.profile == SeccompProfile::kCustom) {
    linux_part.seccomp = RawJson{SeccompText(*spec.seccomp.filter, in)};
  }
  config.annotations[kSpecAnnotation] = ToJson(spec);
  config.annotations[kDigestAnnotation] = DigestOfRest(config);
  return config;
}

std::optional<ContainerSpec> SpecOf(const Config& config) {
  const auto digest = config.annotations.find(kDigestAnnotation);
  const auto text = config.annotations.find(kSpecAnnotation);
  if (digest == config.annotations.end() || text == config.annotations.end()) return std::nullopt;
  if (digest->second != DigestOfRest(config)) return std::nullopt;
  absl::StatusOr<ContainerSpec> spec = ContainerSpecFromJson(text->second);
  if (!spec.ok()) return std::nullopt;
  return *std::move(spec);
}

absl::StatusOr<Config> UsualConfig(bool v2_alone) {
  constexpr uint64_t kFiles = 1024;
  ContainerSpec spec;
  spec.name = "pelagos";
  spec.rootfs = "rootfs";
  spec.command = {"sh"};
  spec.terminal = true;
  spec.capabilities = {Capability::kAuditWrite, Capability::kKill, Capability::kNetBindService};
  spec.rlimits.Set(pelagos::Rlimit::kNofile, {kFiles, kFiles});
  spec.seccomp.profile = SeccompProfile::kUnconfined;
  HostFacts facts;
  facts.cgroups.v2_mount = "/sys/fs/cgroup";
  PELAGOS_ASSIGN_OR_RETURN(Config config, ConfigFrom({spec, {}, {}, facts}));
  config.annotations.clear();  // the user's document from here on
  config.root->readonly = true;
  // With v1, a program is used to find its cgroup by the path that it has on the host.
  if (!v2_alone) {
    std::vector<NamespaceEntry>& kinds = config.linux_part->namespaces;
    kinds.erase(std::remove_if(kinds.begin(), kinds.end(),
                               [](const NamespaceEntry& entry) { return entry.type == "cgroup"; }),
                kinds.end());
  }
  // A home is looked up when it runs.
  Texts& env = config.process->env;
  env.erase(std::remove_if(env.begin(), env.end(),
                           [](const std::string& variable) {
                             return absl::StartsWith(variable, "HOME=") ||
                                    absl::StartsWith(variable, "HOSTNAME=");
                           }),
            env.end());
  // By whatever version the host has.
  for (Mount& mount : config.mounts) {
    if (mount.type == "cgroup2") mount.type = "cgroup";
  }
  return config;
}

void MakeRootless(uint32_t uid, uint32_t gid, Config& config) {
  Linux& linux_part = *config.linux_part;
  std::vector<NamespaceEntry>& namespaces = linux_part.namespaces;
  namespaces.erase(std::remove_if(namespaces.begin(), namespaces.end(),
                                  [](const NamespaceEntry& entry) {
                                    return entry.type == "network" || entry.type == "user";
                                  }),
                   namespaces.end());
  namespaces.push_back({"user", ""});
  linux_part.uid_mappings = {{0, uid, 1}};
  linux_part.gid_mappings = {{0, gid, 1}};
  linux_part.resources.reset();
  for (Mount& mount : config.mounts) {
    Texts& options = mount.options;
    options.erase(std::remove_if(options.begin(), options.end(),
                                 [](const std::string& option) {
                                   return absl::StartsWith(option, "gid=") ||
                                          absl::StartsWith(option, "uid=");
                                 }),
                  options.end());
    // sysfs is mounted only by who owns the network namespace.
    if (mount.destination == "/sys") {
      mount = {"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}, {}, {}};
    }
  }
}

}  // namespace pelagos::oci
