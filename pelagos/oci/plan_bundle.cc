#include "pelagos/oci/plan_bundle.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/oci/plan_parts.h"
#include "pelagos/oci/process_words.h"
#include "pelagos/oci/resctrl.h"
#include "pelagos/policy/id_list.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/policy/name.h"
#include "pelagos/policy/security_label.h"
#include "pelagos/policy/sysctls.h"
#include "pelagos/policy/time_offsets.h"

namespace pelagos::oci {
namespace {

// config.md, "Specification version": SemVer 2.0.0, of the first major version.
bool IsVersion1(absl::string_view text) {
  const auto number = [&text] {
    size_t digits = 0;
    while (digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) {
      ++digits;
    }
    const bool fine = digits > 0 && (digits == 1 || text[0] != '0');
    text.remove_prefix(digits);
    return fine;
  };
  if (!absl::ConsumePrefix(&text, "1.") || !number() || !absl::ConsumePrefix(&text, ".") ||
      !number()) {
    return false;
  }
  return text.empty() || (text.size() > 1 && (text[0] == '-' || text[0] == '+'));
}

// dev_valid_name() of the kernel: at most 15 bytes (IFNAMSIZ).
bool IsInterfaceName(const std::string& name) {
  constexpr size_t kMost = 15;
  return !name.empty() && name.size() <= kMost && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string::npos;
}

class BundlePlanner {
 public:
  BundlePlanner(const Config& config, const BundleFacts& facts)
      : config_(config), linux_(LinuxOf(config)), facts_(facts) {}

  absl::StatusOr<LaunchPlan> Run() && {
    plan_.id = facts_.id;
    plan_.outlives_launcher = true;
    plan_.cannot_return = facts_.host.in_user_namespace;
    plan_.bundle = facts_.bundle;
    plan_.annotations = config_.annotations;
    CheckVersion();
    Namespaces();
    plan_.cgroup = PlanCgroups(config_, facts_, mistakes_);
    const Process none;
    if (!config_.process) mistakes_.Add("/process", "is missing");
    Ops(config_.process ? *config_.process : none);
    UserNamespace();
    SharedMounts();
    TimeNamespace();
    CheckRest();
    for (std::string& note : notes_) plan_.notes.push_back({std::move(note)});
    if (absl::Status status = mistakes_.status(); !status.ok()) return status;
    return std::move(plan_);
  }

 private:
  bool Own(Namespace kind) const { return plan_.namespaces.contains(kind); }
  bool Has(Namespace kind) const {
    return Own(kind) ||
           std::any_of(plan_.joins.begin(), plan_.joins.end(),
                       [kind](const NamespaceJoin& join) { return join.kind == kind; });
  }

  // config.md: what is not compatible must be refused.
  void CheckVersion() {
    if (!IsVersion1(config_.oci_version)) {
      mistakes_.Add("/ociVersion",
                    absl::StrCat("'", config_.oci_version, "' is not a version 1 of the spec"));
    }
  }

  void Namespaces() {
    NamespaceSet seen;
    for (size_t i = 0; i < linux_.namespaces.size(); ++i) {
      const NamespaceEntry& entry = linux_.namespaces[i];
      const std::string at = absl::StrCat("/linux/namespaces/", i);
      const std::optional<Namespace> kind = FindNamespace(entry.type);
      if (!kind) {
        mistakes_.Add(at + "/type", absl::StrCat("'", entry.type, "' is no namespace"));
        continue;
      }
      if (seen.contains(*kind)) mistakes_.Add(at + "/type", "stands twice");
      seen.insert(*kind);
      if (entry.path.empty()) {
        plan_.namespaces.insert(*kind);
      } else if (entry.path[0] != '/') {
        mistakes_.Add(at + "/path", "must be an absolute path");
      } else {
        plan_.joins.push_back({*kind, entry.path});
      }
    }
    plan_.shares_mounts = !seen.contains(Namespace::kMount);
  }

  // A new one needs its maps; what it mounts and makes is done by its root.
  void UserNamespace() {
    const auto ranges = [](const std::vector<IdMap>& maps) {
      IdMapRanges list;
      for (const IdMap& map : maps) list.push_back({map.container_id, map.host_id, map.size});
      return list;
    };
    const bool mapped = !linux_.uid_mappings.empty() || !linux_.gid_mappings.empty();
    const char* const at = linux_.uid_mappings.empty() && !linux_.gid_mappings.empty()
                               ? "/linux/gidMappings"
                               : "/linux/uidMappings";
    if (!Own(Namespace::kUser)) {
      // Clients repeat the maps of a namespace that they made before.
      if (mapped && !Has(Namespace::kUser)) {
        mistakes_.Add(at, "ids are mapped in a new user namespace only");
      }
    } else {
      plan_.ids = {ranges(linux_.uid_mappings), ranges(linux_.gid_mappings)};
      const absl::string_view problem = IdMapProblem(plan_.ids);
      if (!mapped) {
        mistakes_.Add(at, "a new user namespace needs maps");
      } else if (!problem.empty()) {
        mistakes_.Add(at, absl::StrCat("the map ", problem));
      }
    }
    if (!Has(Namespace::kUser)) return;
    for (Op& op : plan_.ops) {
      // mknod(2) is not for user namespaces.
      if (auto* device = std::get_if<MakeDevice>(&op)) device->bound = !device->fifo;
    }
    const auto root = std::find_if(plan_.ops.begin(), plan_.ops.end(), [](const Op& op) {
      return std::holds_alternative<MountBindRoot>(op);
    });
    plan_.ops.insert(root + 1, SetterUp(linux_));
  }

  // A mount namespace that is joined, or the host's. The container's root is a folder of it then,
  // entered by chroot(2): what others have for a root there stays.
  void SharedMounts() {
    if (!SharesMounts(config_)) return;
    const char* const at = "/linux/namespaces";
    if (Has(Namespace::kUser)) {
      mistakes_.Add(at, "a user namespace needs a mount namespace of its own");
    }
    if (facts_.no_pivot) mistakes_.Add(at, "--no-pivot: would move the root of others");
    if (config_.hooks && !config_.hooks->start_container.empty()) {
      mistakes_.Add("/hooks/startContainer", "needs a mount namespace of the container's own");
    }
  }

  void TimeNamespace() {
    if (!Own(Namespace::kTime)) {
      if (!linux_.time_offsets.empty()) {
        mistakes_.Add("/linux/timeOffsets", "needs a new time namespace");
      }
      return;
    }
    for (const auto& [clock, offset] : linux_.time_offsets) {
      const std::string at = absl::StrCat("/linux/timeOffsets/", PointerPart(clock));
      const pelagos::TimeOffset set = {offset.secs, offset.nanosecs};
      if (const absl::string_view problem = TimeOffsetProblem(set); !problem.empty()) {
        mistakes_.Add(at, problem);
      }
      if (clock == "monotonic") {
        plan_.time.monotonic = set;
      } else if (clock == "boottime") {
        plan_.time.boottime = set;
      } else {
        mistakes_.Add(at, "must be monotonic or boottime");
      }
    }
  }

  void CheckRest() {
    if (linux_.intel_rdt) {
      (void)PlanResctrl(*linux_.intel_rdt, facts_.id, facts_.resctrl, mistakes_);
    }
    if (const std::string& label = linux_.mount_label; !label.empty()) {
      if (const absl::string_view problem = SelinuxProblem(label); !problem.empty()) {
        mistakes_.Add("/linux/mountLabel", problem);
      } else if (!facts_.host.selinux) {
        mistakes_.Add("/linux/mountLabel", "SELinux is off on this host");
      }
    }
    CheckHooks();
  }

  void CheckHooks() {
    if (!config_.hooks) return;
    const Hooks& hooks = *config_.hooks;
    const std::pair<const char*, const std::vector<Hook>*> kinds[] = {
        {"prestart", &hooks.prestart},
        {"createRuntime", &hooks.create_runtime},
        {"createContainer", &hooks.create_container},
        {"startContainer", &hooks.start_container},
        {"poststart", &hooks.poststart},
        {"poststop", &hooks.poststop}};
    for (const auto& [name, list] : kinds) {
      for (size_t i = 0; i < list->size(); ++i) {
        const std::string at = absl::StrCat("/hooks/", name, "/", i);
        const Hook& hook = (*list)[i];
        if (!absl::StartsWith(hook.path, "/")) {
          mistakes_.Add(at + "/path", "must be an absolute path");
        }
        if (hook.timeout.value_or(1) <= 0) mistakes_.Add(at + "/timeout", "must be above zero");
      }
    }
  }

  std::string RootPath() {
    if (!config_.root) {
      mistakes_.Add("/root", "is missing");
      return "/";
    }
    if (config_.root->path.empty()) mistakes_.Add("/root/path", "is empty");
    const std::string path = InBundle(facts_.bundle, config_.root->path);
    if (path == "/") mistakes_.Add("/root/path", "must not be the host's root");
    return path;
  }

  std::map<std::string, std::string> NetDevices() {
    std::map<std::string, std::string> links;
    if (!linux_.net_devices.empty() && !Has(Namespace::kNet)) {
      mistakes_.Add("/linux/netDevices", "unable to move network devices without a NET namespace");
    }
    std::set<std::string> inside;
    for (const auto& [name, device] : linux_.net_devices) {
      const std::string at = absl::StrCat("/linux/netDevices/", PointerPart(name));
      const std::string& called = device.name.empty() ? name : device.name;
      if (!IsInterfaceName(name)) mistakes_.Add(at, "is no name of an interface");
      if (!IsInterfaceName(called)) mistakes_.Add(at + "/name", "is no name of an interface");
      if (!inside.insert(called).second) mistakes_.Add(at + "/name", "stands twice");
      links[name] = called;
    }
    return links;
  }

  void Sysctls(std::vector<Op>& ops) {
    for (const auto& [name, value] : linux_.sysctl) {
      const std::string at = absl::StrCat("/linux/sysctl/", PointerPart(name));
      const std::optional<Namespace> owner = FindSysctlOwner(name);
      if (const absl::string_view problem = SysctlNameProblem(name); !problem.empty()) {
        mistakes_.Add(at, problem);
      } else if (!owner) {
        mistakes_.Add(at, "is a setting of the whole host, not of a container");
      } else if (!Has(*owner)) {
        mistakes_.Add(at, absl::StrCat("would be the host's: the container has no ",
                                       RowOf(*owner).name, " namespace"));
      } else {
        ops.push_back(WriteSysctl{name, value});
      }
    }
  }

  void Names(std::vector<Op>& ops) {
    const auto check = [&](const std::string& name, const char* at) {
      if (name.empty()) return false;
      if (!Has(Namespace::kUts)) {
        mistakes_.Add(at, "needs a uts namespace");
        return false;
      }
      if (name.size() > kMaxHostnameLength) mistakes_.Add(at, "has more than 64 bytes");
      return true;
    };
    if (check(config_.hostname, "/hostname")) ops.push_back(SetHostname{config_.hostname});
    if (check(config_.domainname, "/domainname")) ops.push_back(SetDomainname{config_.domainname});
  }

  // The order matters: a step may rely on those before it, and the last ones take away what the
  // earlier ones needed.
  void Ops(const Process& process) {
    std::vector<Op>& ops = plan_.ops;
    const std::string root = RootPath();
    const bool shared = SharesMounts(config_);
    if (!shared) ops.push_back(MakeMountsPrivate{});
    Append(ops, EarlyProcessOps(process, facts_.host, "/process", mistakes_));
    ops.push_back(MountBindRoot{root, root});
    if (facts_.keyring) ops.push_back(JoinKeyring{KeyringName(facts_.id)});
    Append(ops, MountOps(config_, facts_, mistakes_));
    Append(ops, DeviceOps(config_, mistakes_));
    if (process.terminal) ops.push_back(OpenTerminal{process.user.uid});
    Append(ops, DevSealOps(config_));
    const std::optional<Hooks>& hooks = config_.hooks;
    const bool has_hooks = hooks && (!hooks->prestart.empty() || !hooks->create_runtime.empty() ||
                                     !hooks->create_container.empty());
    AwaitHooks await = {NetDevices()};
    if (has_hooks || !await.links.empty()) ops.push_back(std::move(await));
    Sysctls(ops);
    for (const std::string& path : linux_.readonly_paths) ops.push_back(MakeReadOnly{path});
    for (const std::string& path : linux_.masked_paths) ops.push_back(MaskPath{path});
    CheckPaths(linux_.readonly_paths, "/linux/readonlyPaths/");
    CheckPaths(linux_.masked_paths, "/linux/maskedPaths/");
    ops.push_back(PivotRoot{facts_.no_pivot, shared});
    if (const std::string& word = linux_.rootfs_propagation; !word.empty()) {
      const std::optional<uint32_t> flags = FindWord(kRootPropagations, word);
      if (!flags) mistakes_.Add("/linux/rootfsPropagation", "is no propagation of mount(8)");
      ops.push_back(ChangeMount{"/", {0, 0, 0, 0, {flags.value_or(0)}}});
    }
    if (Own(Namespace::kNet)) ops.push_back(LoopbackUp{});
    Names(ops);
    if (!absl::StartsWith(process.cwd, "/")) {
      mistakes_.Add("/process/cwd", "must be an absolute path");
    }
    ops.push_back(ChangeFolder{process.cwd});
    if (config_.root && config_.root->readonly) ops.push_back(SealRoot{});
    ops.push_back(SetCpuAffinity{kAllCpus});
    Append(ops, MemoryOps(linux_, mistakes_));
    Append(ops, LimitOps(process, "/process", mistakes_));
    Append(ops, RightsOps(config_, process, facts_.host, "/process", true, notes_, mistakes_));
    ops.push_back(ExecOp(process, facts_.home, "/process", mistakes_));
  }

  void CheckPaths(const Texts& paths, const char* at) {
    for (size_t i = 0; i < paths.size(); ++i) {
      if (!absl::StartsWith(paths[i], "/")) {
        mistakes_.Add(absl::StrCat(at, i), "must be an absolute path");
      }
    }
  }

  const Config& config_;
  const Linux& linux_;
  const BundleFacts& facts_;
  LaunchPlan plan_;
  std::vector<std::string> notes_;
  Mistakes mistakes_;
};

}  // namespace

const Linux& LinuxOf(const Config& config) {
  static const auto* const none = new Linux;
  return config.linux_part ? *config.linux_part : *none;
}

bool SharesMounts(const Config& config) {
  const std::vector<NamespaceEntry>& list = LinuxOf(config).namespaces;
  return std::none_of(list.begin(), list.end(), [](const NamespaceEntry& entry) {
    return entry.type == RowOf(Namespace::kMount).name && entry.path.empty();
  });
}

BecomeRoot SetterUp(const Linux& linux_part) {
  const auto first = [](const std::vector<IdMap>& maps) -> uint32_t {
    const bool has_root = std::any_of(maps.begin(), maps.end(),
                                      [](const IdMap& map) { return map.container_id == 0; });
    return has_root || maps.empty() ? 0 : maps.front().container_id;
  };
  return {first(linux_part.uid_mappings), first(linux_part.gid_mappings)};
}

std::string KeyringName(const std::string& id) { return absl::StrCat("_ses.", id); }

std::string InBundle(const std::string& bundle, const std::string& path) {
  if (absl::StartsWith(path, "/")) return path;
  return absl::StrCat(bundle, "/", path);
}

absl::StatusOr<LaunchPlan> PlanBundle(const Config& config, const BundleFacts& facts) {
  return BundlePlanner(config, facts).Run();
}

}  // namespace pelagos::oci
