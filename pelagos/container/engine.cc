#include "pelagos/container/engine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/abi/kernel_version.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/peer.h"
#include "pelagos/container/rootless.h"
#include "pelagos/image/builtin.h"
#include "pelagos/image/store.h"
#include "pelagos/image/user.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/wait.h"
#include "pelagos/net/names.h"
#include "pelagos/plan/user_namespace.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/security.h"

namespace pelagos::container {
namespace {

// The files of /etc that the runtime provides; the plan binds them into the container.
constexpr const char* kEtcFiles[] = {"hostname", "hosts", "resolv.conf"};

std::string HostnameOf(const LaunchPlan& plan) {
  for (const Op& op : plan.ops) {
    if (const auto* hostname = std::get_if<SetHostname>(&op)) return hostname->name;
  }
  return plan.id;
}

// Written in place: the container sees this very file.
absl::Status WriteEtcFile(const std::string& folder, const std::string& name,
                          absl::string_view content, const IdMap& ids) {
  const std::string path = absl::StrCat(folder, "/", name);
  PELAGOS_ASSIGN_OR_RETURN(Fd file,
                           sys::OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
  // The umask of the caller is not the container's.
  if (::fchmod(file.get(), 0644) != 0) return ErrnoStatus(errno, "fchmod", path);
  if (!ids.empty() && ::fchown(file.get(), HostIdOf(ids.uids, 0).value_or(kNoId),
                               HostIdOf(ids.gids, 0).value_or(kNoId)) != 0) {
    return ErrnoStatus(errno, "fchown", path);
  }
  return sys::WriteAll(file, content, path);
}

// Where the container's cgroups are, relative to the roots, for whoever cleans up without the plan:
// "a/b/", or "" without such a file.
std::string ParentFile(const std::string& folder) { return folder + "/cgroup-parent"; }
absl::StatusOr<std::string> ParentOf(const std::string& folder) {
  absl::StatusOr<std::string> text = sys::ReadFile(ParentFile(folder), 4096);
  if (FindErrno(text.status()) == ENOENT) return std::string();
  return text;
}

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

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(store::Roots roots,
                                                     std::optional<RootlessFacts> rootless) {
  HostFacts facts;
  facts.rootless = std::move(rootless);
  struct utsname names = {};
  if (::uname(&names) != 0) return ErrnoStatus(errno, "uname");
  facts.kernel = ParseKernelVersion(names.release).value_or(KernelVersion{});
  facts.data_root = roots.data;
  facts.run_root = roots.run;
  PELAGOS_ASSIGN_OR_RETURN(sys::CgroupMounts mounts, sys::ReadCgroupMounts());
  facts.cgroups.v2_mount = mounts.v2_mount;
  if (roots.run != store::Roots().run) {
    facts.cgroups.name_prefix = absl::StrCat("pelagos-", net::ShortHash(roots.run), "-");
  }
  for (const CgroupControllerRow& row : kCgroupControllers) {
    for (const std::string& offered : mounts.v2_controllers) {
      if (offered == row.name) facts.cgroups.v2_controllers.push_back(row.value);
    }
    if (auto it = mounts.v1_mounts.find(std::string(row.v1_name)); it != mounts.v1_mounts.end()) {
      facts.cgroups.v1_mounts[row.value] = it->second;
    }
  }
  if (facts.rootless) {
    facts.in_user_namespace = true;  // with all capabilities
    PELAGOS_RETURN_IF_ERROR(FindDelegatedCgroup(facts.cgroups));
    return std::unique_ptr<Engine>(new Engine(std::move(roots), std::move(facts)));
  }
  facts.in_user_namespace = !sys::InInitialUserNamespace();
  PELAGOS_ASSIGN_OR_RETURN(const uint64_t capabilities, sys::PermittedCapabilities());
  facts.capabilities = CapabilitySet::FromBits(capabilities);
  // A kernel without swap accounting has nothing to limit, and no file for it.
  const auto memory = facts.cgroups.v1_mounts.find(CgroupController::kMemory);
  const std::string swap_file = memory != facts.cgroups.v1_mounts.end()
                                    ? absl::StrCat(memory->second, "/memory.memsw.limit_in_bytes")
                                    : "/proc/swaps";
  facts.cgroups.limits_swap = ::access(swap_file.c_str(), F_OK) == 0;
  return std::unique_ptr<Engine>(new Engine(std::move(roots), std::move(facts)));
}

absl::StatusOr<HostFacts> Engine::FactsFor(const ContainerSpec& spec) const {
  HostFacts facts = facts_;
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

absl::StatusOr<net::Networks*> Engine::networks() {
  if (!networks_) {
    PELAGOS_ASSIGN_OR_RETURN(networks_, net::Networks::Open(roots_.run));
  }
  return &*networks_;
}

absl::StatusOr<FoundImage> Engine::FindImage(const ContainerSpec& spec, ImageUse use) {
  FoundImage found;
  if (!spec.rootfs.empty()) {
    struct stat info = {};
    if (::stat(spec.rootfs.c_str(), &info) != 0) return ErrnoStatus(errno, "stat", spec.rootfs);
    if (!S_ISDIR(info.st_mode)) return ErrnoStatus(ENOTDIR, "rootfs", spec.rootfs);
    found.image.layers = {spec.rootfs};
  } else {
    image::Store store = image::Store::Look(roots_.data);
    if (use == ImageUse::kLoad) {
      PELAGOS_RETURN_IF_ERROR(image::EnsureBuiltin(roots_.data, spec.image));
      PELAGOS_ASSIGN_OR_RETURN(store, image::Store::Open(roots_.data));
    }
    PELAGOS_ASSIGN_OR_RETURN(found.image, store.Find(spec.image));
    PELAGOS_ASSIGN_OR_RETURN(found.hold, store.Hold(found.image));
  }
  const std::string& user = spec.user.empty() ? found.image.user : spec.user;
  PELAGOS_ASSIGN_OR_RETURN(found.user, image::FindUser(found.image.layers, user, spec.groups));
  return found;
}

absl::Status Engine::EnsureNetwork(const NetworkPlan& plan) {
  PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
  return networks->Ensure(plan).status();
}

absl::Status Engine::RemoveNetwork(const std::string& network) {
  PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
  return networks->Remove(network);
}

absl::StatusOr<Started> Engine::Start(const LaunchPlan& plan, const Streams& streams) {
  const std::string folder = roots_.Container(plan.id);
  const bool connected = plan.net.mode == NetMode::kBridge;
  // The folder is the owner record: what is made from here on is found by its name.
  Started started;
  PELAGOS_ASSIGN_OR_RETURN(started.lock, Claim(roots_, plan.id));
  auto undo = absl::MakeCleanup([&] {
    // The failure that led here is the one to report; what is left is found by the next command.
    Release(plan.id).IgnoreError();
  });
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots_.MountPoint(), 0700));
  for (const char* name : kEtcFiles)
    PELAGOS_RETURN_IF_ERROR(WriteEtcFile(folder, name, "", plan.ids));

  if (!plan.cgroup.parent.empty()) {
    PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(ParentFile(folder), plan.cgroup.parent, 0600));
  }
  if (connected && !plan.net.ports.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
    PELAGOS_ASSIGN_OR_RETURN(started.ports, networks->Reserve(plan.id, plan.net.ports));
  }
  std::vector<Fd> pinned;
  launch::LaunchIo io = {streams.in, streams.out, streams.err, streams.rows, streams.columns};
  for (const NamespaceJoin& join : plan.joins) {
    if (join.container.empty()) continue;
    PELAGOS_ASSIGN_OR_RETURN(const Peer peer, Peer::Find(roots_, join.container));
    PELAGOS_ASSIGN_OR_RETURN(Fd opened, peer.OpenNamespace(join.kind));
    io.namespaces.push_back({join.kind, opened.get()});
    pinned.push_back(std::move(opened));
  }
  PELAGOS_ASSIGN_OR_RETURN(launch::Starting starting, launch::Launch(plan, io));
  net::Endpoint endpoint;
  if (connected) {
    PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
    PELAGOS_ASSIGN_OR_RETURN(Fd netns, starting.network_namespace());
    PELAGOS_ASSIGN_OR_RETURN(endpoint, networks->Attach(plan.id, plan.net, netns));
  }
  for (const net::Interface& interface : endpoint.interfaces) {
    started.addresses.push_back(sys::ToString(interface.address));
  }
  const std::string hostname = HostnameOf(plan);
  PELAGOS_RETURN_IF_ERROR(WriteEtcFile(folder, "hostname", hostname + "\n", plan.ids));
  PELAGOS_RETURN_IF_ERROR(
      WriteEtcFile(folder, "hosts", net::HostsFile(hostname, endpoint), plan.ids));
  PELAGOS_RETURN_IF_ERROR(WriteEtcFile(folder, "resolv.conf", net::ResolvConf(endpoint), plan.ids));
  PELAGOS_ASSIGN_OR_RETURN(launch::Launched launched, std::move(starting).Start());
  started.init = launched.identity;
  PELAGOS_RETURN_IF_ERROR(RecordInit(started.lock, started.init));
  started.pidfd = std::move(launched.pidfd);
  started.terminal = std::move(launched.terminal);
  std::move(undo).Cancel();
  return started;
}

bool Engine::IsTaken(const std::string& id) const { return IsClaimed(roots_, id); }

absl::Status Engine::Sweep() {
  return container::Sweep(roots_, [this](const std::string& id) { return Clean(id); });
}

absl::Status Engine::Release(const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string parent, ParentOf(roots_.Container(id)));
  PELAGOS_RETURN_IF_ERROR(
      launch::RemoveCgroups(absl::StrCat(parent, facts_.cgroups.name_prefix, id), CgroupRoots()),
      "cgroups of '", id, "'");
  return Detach(id);
}

absl::Status Engine::Detach(const std::string& id) {
  // Without a record of a network there is nothing of the network's to give back.
  struct stat info = {};
  if (::stat(absl::StrCat(roots_.run, "/networks").c_str(), &info) != 0) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
  return networks->Detach(id);
}

absl::Status Engine::Clean(const std::string& id) {
  PELAGOS_RETURN_IF_ERROR(Release(id));
  return RemoveFolder(roots_, id);
}

absl::Status Engine::Clean(const std::string& id, const CgroupSteps& cgroups) {
  PELAGOS_RETURN_IF_ERROR(launch::RemoveCgroups(cgroups), "cgroups of '", id, "'");
  PELAGOS_RETURN_IF_ERROR(Detach(id));
  return RemoveFolder(roots_, id);
}

std::vector<std::string> Engine::CgroupRoots() const {
  std::vector<std::string> mounts;
  const CgroupLayout& cgroups = facts_.cgroups;
  if (!cgroups.v2_mount.empty()) mounts.push_back(cgroups.v2_mount + cgroups.v2_own);
  for (const auto& [controller, mount] : facts_.cgroups.v1_mounts) mounts.push_back(mount);
  return mounts;
}

absl::StatusOr<int> WaitFor(const Fd& pidfd) {
  PELAGOS_ASSIGN_OR_RETURN(launch::ExitStatus status, launch::WaitForExit(pidfd));
  return status.code();
}

}  // namespace pelagos::container
