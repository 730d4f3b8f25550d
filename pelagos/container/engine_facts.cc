// What the engine must know of the host.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/abi/kernel_version.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/peer.h"
#include "pelagos/container/rootless.h"
#include "pelagos/image/store.h"
#include "pelagos/net/names.h"
#include "pelagos/plan/cgroup.h"
#include "pelagos/plan/user_namespace.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/security.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::container {
namespace {

// A kernel without NUMA has node 0 and no file for it.
absl::StatusOr<IdList> OnlineIds(const std::string& file) {
  absl::StatusOr<std::string> text = sys::ReadFile(file, 65536);
  if (FindErrno(text.status()) == ENOENT) return IdList{{0, 0}};
  PELAGOS_RETURN_IF_ERROR(text.status());
  const std::optional<IdList> ids = ParseIdList(absl::StripAsciiWhitespace(*text));
  if (!ids) return absl::InternalError(absl::StrCat(file, " is no list of numbers: ", *text));
  return *ids;
}

// Of /sys/kernel/mm/hugepages/hugepages-2048kB; none where the kernel has no huge pages.
absl::StatusOr<std::vector<uint64_t>> HugePageSizes() {
  std::vector<uint64_t> sizes;
  const auto names = sys::ListFolder("/sys/kernel/mm/hugepages");
  if (FindErrno(names.status()) == ENOENT) return sizes;
  PELAGOS_RETURN_IF_ERROR(names.status());
  for (absl::string_view name : *names) {
    if (!absl::ConsumePrefix(&name, "hugepages-")) continue;
    if (const std::optional<uint64_t> size = ParseByteSize(name)) sizes.push_back(*size);
  }
  return sizes;
}

// One look where there is none: virtual machines have no such counters.
std::vector<std::string> ThermalThrottle() {
  const std::string folder = "/sys/devices/system/cpu";
  const auto path = [&](absl::string_view cpu) {
    return absl::StrCat(folder, "/", cpu, "/thermal_throttle");
  };
  std::vector<std::string> found;
  if (::access(path("cpu0").c_str(), F_OK) != 0) return found;
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(folder);
  if (!names.ok()) return found;
  for (const std::string& name : *names) {
    if (::access(path(name).c_str(), F_OK) == 0) found.push_back(path(name));
  }
  return found;
}

// The device at `path`, or all in the folder; links below it are not followed.
void FindDevices(const std::string& path, const std::string& below,
                 std::vector<HostDevice>& found) {
  struct stat info = {};
  const std::string whole = path + below;
  const int status = below.empty() ? ::stat(whole.c_str(), &info) : ::lstat(whole.c_str(), &info);
  if (status != 0) return;
  if (S_ISBLK(info.st_mode) || S_ISCHR(info.st_mode)) {
    found.push_back({below, S_ISBLK(info.st_mode), major(info.st_rdev), minor(info.st_rdev),
                     info.st_mode & 0777, info.st_uid, info.st_gid});
  }
  if (!S_ISDIR(info.st_mode)) return;
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(whole);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    FindDevices(path, absl::StrCat(below, "/", name), found);
  }
}

// As Docker's: what is no device of the host's but of a file system of its own stays out.
std::vector<HostDevice> AllDevices() {
  static constexpr absl::string_view kNot[] = {
      "pts", "shm", "fd", "mqueue", "console", ".lxc", ".lxd-mounts", ".udev",
  };
  std::vector<HostDevice> found;
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder("/dev");
  if (!names.ok()) return found;
  for (const std::string& name : *names) {
    if (std::count(std::begin(kNot), std::end(kNot), name) != 0) continue;
    FindDevices("/dev", absl::StrCat("/", name), found);
  }
  return found;
}

void AddV2Controllers(const std::vector<std::string>& offered, CgroupLayout& layout) {
  for (const std::string& name : offered) {
    if (const auto controller = FindCgroupController(name)) {
      layout.v2_controllers.push_back(*controller);
    }
  }
}

// A kernel without swap accounting has nothing to limit, and no file for it.
bool LimitsSwap(const CgroupLayout& layout) {
  const auto memory = layout.v1_mounts.find(CgroupController::kMemory);
  const std::string file = memory != layout.v1_mounts.end()
                               ? absl::StrCat(memory->second, "/memory.memsw.limit_in_bytes")
                               : "/proc/swaps";
  return ::access(file.c_str(), F_OK) == 0;
}

// What `needed` makes worth asking, without a look at all mounts of the host; `layout` has v2's
// mount, or a host without one the devices hierarchy's. False: one is where only such a look finds
// it, or nowhere.
absl::StatusOr<bool> LearnUsualCgroups(const std::vector<CgroupController>& needed,
                                       CgroupLayout& layout) {
  CgroupLayout learnt = layout;
  if (!layout.v2_mount.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> offered,
                             sys::ReadCgroup2Controllers(layout.v2_mount));
    AddV2Controllers(offered, learnt);
  }
  for (const CgroupController controller : needed) {
    if (!IsInV2(learnt, controller)) {
      std::string mount = sys::FindUsualCgroup1(RowOf(controller).v1_name);
      if (mount.empty()) return false;
      learnt.v1_mounts[controller] = std::move(mount);
    }
    if (controller == CgroupController::kMemory) learnt.limits_swap = LimitsSwap(learnt);
  }
  layout = std::move(learnt);
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(store::Roots roots,
                                                     std::optional<RootlessFacts> rootless,
                                                     const sys::SelfStatus* self) {
  HostFacts facts;
  facts.rootless = std::move(rootless);
  struct utsname names = {};
  if (::uname(&names) != 0) return ErrnoStatus(errno, "uname");
  facts.kernel = ParseKernelVersion(names.release).value_or(KernelVersion{});
  facts.data_root = roots.data;
  facts.run_root = roots.run;
  facts.cgroups.v2_mount = sys::FindUsualCgroup2();
  if (roots.run != store::Roots().run) {
    facts.cgroups.name_prefix = absl::StrCat("pelagos-", net::ShortHash(roots.run), "-");
  }
  if (facts.rootless) {
    facts.in_user_namespace = true;  // with all capabilities
    std::unique_ptr<Engine> engine(new Engine(std::move(roots), std::move(facts)));
    PELAGOS_RETURN_IF_ERROR(engine->LearnCgroups());
    PELAGOS_RETURN_IF_ERROR(FindDelegatedCgroup(engine->facts_.cgroups));
    return engine;
  }
  facts.in_user_namespace = !sys::InInitialUserNamespace();
  uint64_t capabilities = self != nullptr ? self->permitted : 0;
  if (self == nullptr) {
    PELAGOS_ASSIGN_OR_RETURN(capabilities, sys::PermittedCapabilities());
  }
  facts.capabilities = CapabilitySet::FromBits(capabilities);
  std::unique_ptr<Engine> engine(new Engine(std::move(roots), std::move(facts)));
  CgroupLayout& cgroups = engine->facts_.cgroups;
  if (!cgroups.v2_mount.empty()) return engine;
  // Every container on a host with v1 alone has a folder there.
  const CgroupController devices = CgroupController::kDevices;
  if (std::string mount = sys::FindUsualCgroup1(RowOf(devices).v1_name); !mount.empty()) {
    cgroups.v1_mounts[devices] = std::move(mount);
  } else {
    PELAGOS_RETURN_IF_ERROR(engine->LearnCgroups());
  }
  return engine;
}

absl::Status Engine::LearnCgroups() {
  if (knows_cgroups_) return absl::OkStatus();
  CgroupLayout& cgroups = facts_.cgroups;
  PELAGOS_ASSIGN_OR_RETURN(const sys::CgroupMounts mounts, sys::ReadCgroupMounts());
  if (cgroups.v2_mount.empty()) cgroups.v2_mount = mounts.v2_mount;
  AddV2Controllers(mounts.v2_controllers, cgroups);
  for (const CgroupControllerRow& row : kCgroupControllers) {
    if (auto it = mounts.v1_mounts.find(std::string(row.v1_name)); it != mounts.v1_mounts.end()) {
      cgroups.v1_mounts[row.value] = it->second;
    }
  }
  cgroups.limits_swap = LimitsSwap(cgroups);
  knows_cgroups_ = true;
  return absl::OkStatus();
}

absl::StatusOr<HostFacts> Engine::FactsFor(const ContainerSpec& spec) {
  HostFacts facts = facts_;
  if (!spec.id.empty()) facts.layers_root = roots_.KeptContainers();
  if (!spec.cgroup.empty() && !knows_cgroups_) {
    PELAGOS_ASSIGN_OR_RETURN(const bool learnt,
                             LearnUsualCgroups(NeededControllers(spec.cgroup), facts.cgroups));
    if (!learnt) {
      PELAGOS_RETURN_IF_ERROR(LearnCgroups());
      facts.cgroups = facts_.cgroups;
    }
  }
  if (!spec.labels.apparmor.empty()) facts.apparmor = sys::AppArmorIsOn();
  if (!spec.labels.selinux.empty() || !spec.labels.selinux_mount.empty()) {
    facts.selinux = sys::SelinuxIsOn();
  }
  if (spec.init) facts.init_program = sys::SiblingProgram("pelagos-init").value_or("");
  if (!spec.landlock.empty()) facts.landlock_abi = sys::LandlockAbi();
  const CgroupPlan& limits = spec.cgroup;
  if (!limits.cpus.empty() || !limits.memory_nodes.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(facts.online_cpus, OnlineIds("/sys/devices/system/cpu/online"));
    PELAGOS_ASSIGN_OR_RETURN(facts.memory_nodes, OnlineIds("/sys/devices/system/node/online"));
  }
  for (const IoLimit& limit : limits.io) {
    struct stat info = {};
    if (::stat(limit.device.c_str(), &info) != 0 || !S_ISBLK(info.st_mode)) continue;
    facts.block_devices[limit.device] = {major(info.st_rdev), minor(info.st_rdev)};
  }
  if (!limits.hugetlb.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(facts.huge_page_sizes, HugePageSizes());
  }
  if (spec.mask_paths && !spec.privileged) facts.thermal_throttle = ThermalThrottle();
  for (const Device& device : spec.devices) {
    std::vector<HostDevice> nodes;
    FindDevices(device.source, "", nodes);
    if (!nodes.empty()) facts.devices[device.source] = std::move(nodes);
  }
  if (spec.privileged && !facts.in_user_namespace && !HasUserNamespace(spec)) {
    facts.all_devices = AllDevices();
  }
  for (const NamespaceJoin& join : spec.joins) {
    if (join.kind != Namespace::kUser) continue;
    PELAGOS_ASSIGN_OR_RETURN(facts.joined_ids, join.container.empty()
                                                   ? ReadIdMap(join.path)
                                                   : Peer::LookUpIds(roots_, join.container));
  }
  for (const Mount& mount : spec.mounts.mounts()) {
    if (mount.options.relabel) facts.selinux = sys::SelinuxIsOn();
    if (mount.kind != MountKind::kBind || mount.options.make_source) continue;
    if (::access(mount.source.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
      facts.missing_sources.insert(mount.source);
    }
  }
  return facts;
}

}  // namespace pelagos::container
