#include "pelagos/container/engine.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/etc_files.h"
#include "pelagos/container/peer.h"
#include "pelagos/container/with_names.h"
#include "pelagos/image/builtin.h"
#include "pelagos/image/store.h"
#include "pelagos/image/transfer.h"
#include "pelagos/image/user.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/wait.h"
#include "pelagos/net/names.h"
#include "pelagos/store/container.h"
#include "pelagos/store/own_volumes.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::container {
namespace {

std::string HostnameOf(const LaunchPlan& plan) {
  for (const Op& op : plan.ops) {
    if (const auto* hostname = std::get_if<SetHostname>(&op)) return hostname->name;
  }
  return plan.name;
}

bool Fits(const image::Platform& platform, const image::Platform& wanted) {
  return platform.os == wanted.os && platform.architecture == wanted.architecture &&
         (wanted.variant.empty() || platform.variant == wanted.variant);
}

// Where the container's cgroups are, relative to the roots, for whoever cleans up without the plan:
// "a/b/", or "" without such a file.
std::string ParentFile(const std::string& folder) { return folder + "/cgroup-parent"; }
absl::StatusOr<std::string> ParentOf(const std::string& folder) {
  absl::StatusOr<std::string> text = sys::ReadFile(ParentFile(folder), 4096);
  if (FindErrno(text.status()) == ENOENT) return std::string();
  return text;
}

// Who shares another container's network has its addresses, and asks whom that one asks.
absl::StatusOr<net::Endpoint> EndpointOfPeer(Engine& engine, const NamespaceJoins& joins) {
  for (const NamespaceJoin& join : joins) {
    if (join.kind != Namespace::kNet || join.container.empty()) continue;
    // A service, or a container of `run --rm`, has its name as its id.
    const absl::StatusOr<std::string> id = store::FindContainer(engine.roots(), join.container);
    PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, engine.networks());
    PELAGOS_ASSIGN_OR_RETURN(const std::optional<net::Endpoint> found,
                             networks->FindEndpoint(id.ok() ? *id : join.container));
    return found.value_or(net::Endpoint());
  }
  return net::Endpoint();
}

// That an address or a port is taken is not that the container's id is, for which Start has
// AlreadyExists.
absl::Status NetworkFailure(const store::Roots& roots, const absl::Status& status) {
  const absl::Status named = WithNames(roots, status);
  return absl::IsAlreadyExists(named) ? absl::FailedPreconditionError(named.message()) : named;
}

}  // namespace

absl::StatusOr<net::Networks> OpenNetworks(const store::Roots& roots) {
  net::NetworksOptions options;
  options.definitions = absl::StrCat(roots.data, "/networks");
  return net::Networks::Open(roots.run, std::move(options));
}

absl::StatusOr<net::Networks*> Engine::networks() {
  if (!networks_) {
    PELAGOS_ASSIGN_OR_RETURN(networks_, OpenNetworks(roots_));
  }
  return &*networks_;
}

absl::Status Engine::PullImage(const std::string& image) const {
  image::TransferOptions options;
  options.platform = platform_;
  return image::Pull(roots_.data, image, options).status();
}

absl::StatusOr<FoundImage> LookUpImage(const store::Roots& roots, const ContainerSpec& spec) {
  FoundImage found;
  std::optional<image::UserFiles> users;
  if (!spec.rootfs.empty()) {
    struct stat info = {};
    if (::stat(spec.rootfs.c_str(), &info) != 0) return ErrnoStatus(errno, "stat", spec.rootfs);
    if (!S_ISDIR(info.st_mode)) return ErrnoStatus(ENOTDIR, "rootfs", spec.rootfs);
    found.image.layers = {spec.rootfs};
  } else {
    const image::Store store = image::Store::Look(roots.data);
    PELAGOS_ASSIGN_OR_RETURN(image::FoundInStore stored, store.FindWithUsers(spec.image));
    found.image = std::move(stored.image);
    found.platform = std::move(stored.platform);
    users = std::move(stored.users);
    absl::StatusOr<image::LayerHold> hold = store.Hold(found.image);
    // Damaged, or removed under our hands.
    if (absl::IsNotFound(hold.status())) {
      PELAGOS_RETURN_IF_ERROR(store.Find(spec.image).status());
    }
    PELAGOS_RETURN_IF_ERROR(hold.status());
    found.hold = *std::move(hold);
  }
  const std::string& user = spec.user.empty() ? found.image.user : spec.user;
  PELAGOS_ASSIGN_OR_RETURN(found.user,
                           users ? image::FindUserIn(*users, user, spec.groups)
                                 : image::FindUser(found.image.layers, user, spec.groups));
  return found;
}

// Gets it from where it may be, if it is not there.
absl::Status Engine::FetchImage(const std::string& image) {
  if (pull_ == image::PullPolicy::kAlways) return PullImage(image);
  const image::Store store = image::Store::Look(roots_.data);
  if (!absl::IsNotFound(store.FindWithUsers(image).status())) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(image::EnsureBuiltin(roots_.data, image));
  if (pull_ != image::PullPolicy::kMissing ||
      !absl::IsNotFound(store.FindWithUsers(image).status())) {
    return absl::OkStatus();
  }
  return PullImage(image);
}

absl::StatusOr<FoundImage> Engine::FindImage(const ContainerSpec& spec, ImageUse use) {
  const bool may_fetch = use == ImageUse::kLoad && spec.rootfs.empty();
  if (may_fetch && pull_ == image::PullPolicy::kAlways) {
    PELAGOS_RETURN_IF_ERROR(FetchImage(spec.image));
  }
  absl::StatusOr<FoundImage> found = LookUpImage(roots_, spec);
  if (absl::IsNotFound(found.status()) && may_fetch && pull_ != image::PullPolicy::kAlways) {
    // That the image is not there, or a user or a layer in it.
    PELAGOS_RETURN_IF_ERROR(FetchImage(spec.image));
    found = LookUpImage(roots_, spec);
  }
  if (!found.ok() || platform_.empty() || !spec.rootfs.empty()) return found;
  PELAGOS_ASSIGN_OR_RETURN(const image::Platform wanted, image::ParsePlatform(platform_));
  if (Fits(found->platform, wanted)) return found;
  if (may_fetch && pull_ == image::PullPolicy::kMissing) {
    PELAGOS_RETURN_IF_ERROR(PullImage(spec.image));
    found = LookUpImage(roots_, spec);
    if (!found.ok() || Fits(found->platform, wanted)) return found;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "image '", spec.image, "' is of ", found->platform.ToString(), ", not of ", platform_,
      "; 'pelagos image pull --platform ", platform_, " ", spec.image, "' gets another"));
}

absl::StatusOr<image::LayerHold> Engine::HoldLayers(const ResolvedImage& image) const {
  if (image.digest.empty()) return image::LayerHold();  // a root folder
  return image::Store::Look(roots_.data).Hold(image);
}

absl::Status Engine::EnsureNetwork(const NetworkPlan& plan) {
  PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
  return networks->Ensure(plan).status();
}

absl::Status Engine::RemoveNetwork(const std::string& network) {
  PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
  return networks->Remove(network);
}

absl::StatusOr<Started> Engine::Start(const std::shared_ptr<const LaunchPlan>& shared,
                                      const Streams& streams, const Fd* claim) {
  const LaunchPlan& plan = *shared;
  const std::string folder = roots_.Container(plan.id);
  const bool connected = IsConnected(plan.net.mode);
  // The folder is the owner record: what is made from here on is found by its name.
  Started started;
  if (claim == nullptr) {
    PELAGOS_ASSIGN_OR_RETURN(started.lock, Claim(roots_, plan.id));
  }
  auto undo = absl::MakeCleanup([&] {
    // The failure that led here is the one to report; what is left is found by the next command.
    Release(plan.id).IgnoreError();
  });
  sys::SelfStatus self;
  if (streams.self != nullptr) {
    self = *streams.self;
  } else {
    PELAGOS_ASSIGN_OR_RETURN(self, sys::ReadSelfStatus());
  }
  const char* gateway = plan.net.mode == NetMode::kHost ? "127.0.0.1" : "";
  const EtcFiles etc = {folder, HostnameOf(plan), plan.extra_hosts, plan.ids, self.umask};
  // The container's network fills them in later.
  net::Endpoint endpoint;
  PELAGOS_ASSIGN_OR_RETURN(const net::Endpoint shared_endpoint, EndpointOfPeer(*this, plan.joins));
  PELAGOS_RETURN_IF_ERROR(WriteEtcFiles(etc, shared_endpoint, gateway));

  if (!plan.cgroup.parent.empty()) {
    PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(ParentFile(folder), plan.cgroup.parent, 0600));
  }
  if (connected && !plan.net.ports.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
    absl::StatusOr<net::Reservation> ports = networks->Reserve(plan.id, plan.net.ports);
    if (!ports.ok()) return NetworkFailure(roots_, ports.status());
    started.ports = *std::move(ports);
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
  io.inherited = streams.inherited;
  io.self = &self;
  io.in_initial_user_namespace = !facts_.in_user_namespace;
  io.laps = laps_;
  PELAGOS_ASSIGN_OR_RETURN(launch::Starting starting, launch::Launch(shared, io));
  if (connected) {
    Lap(laps_, "clone");
    PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, this->networks());
    PELAGOS_ASSIGN_OR_RETURN(Fd netns, starting.network_namespace());
    absl::StatusOr<net::Endpoint> attached = networks->Attach(plan.id, plan.net, netns);
    if (!attached.ok()) return NetworkFailure(roots_, attached.status());
    endpoint = *std::move(attached);
    PELAGOS_RETURN_IF_ERROR(WriteEtcFiles(etc, endpoint));
    PELAGOS_ASSIGN_OR_RETURN(started.uplinks,
                             StartUplinks(endpoint, netns, starting.pidfd(), started.ports));
    Lap(laps_, "network");
  }
  started.warnings = std::move(endpoint.warnings);
  for (const net::Interface& interface : endpoint.interfaces) {
    started.addresses.push_back(sys::ToString(interface.address));
  }
  PELAGOS_ASSIGN_OR_RETURN(launch::Launched launched, std::move(starting).Start());
  PELAGOS_ASSIGN_OR_RETURN(started.init, launched.Identity());
  PELAGOS_RETURN_IF_ERROR(RecordInit(claim == nullptr ? started.lock : *claim, started.init));
  started.pidfd = std::move(launched.pidfd);
  started.terminal = std::move(launched.terminal);
  std::move(undo).Cancel();
  return started;
}

bool Engine::IsTaken(const std::string& id) const { return IsClaimed(roots_, id); }

absl::Status Engine::Sweep() {
  return container::Sweep(roots_, [this](const std::string& id) -> absl::Status {
    PELAGOS_RETURN_IF_ERROR(Release(id));
    PELAGOS_RETURN_IF_ERROR(store::RemoveNotedVolumes(roots_, id));
    return store::SettleContainer(roots_, id).status();
  });
}

absl::Status Engine::Release(const std::string& id) {
  PELAGOS_RETURN_IF_ERROR(LearnCgroups());
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

absl::Status Engine::Clean(const std::string& id, const CgroupSteps& cgroups, bool connected) {
  PELAGOS_RETURN_IF_ERROR(launch::RemoveCgroups(cgroups), "cgroups of '", id, "'");
  if (connected) PELAGOS_RETURN_IF_ERROR(Detach(id));
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
