#include "pelagos/container/inventory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/base/suggest.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/health.h"
#include "pelagos/container/peer.h"
#include "pelagos/container/record_time.h"
#include "pelagos/launch/freezer.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/policy/name.h"
#include "pelagos/spec/scope.h"
#include "pelagos/store/own_volumes.h"
#include "pelagos/store/project.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::container {
namespace {

constexpr size_t kMostArguments = 4 << 20;
constexpr size_t kFew = 64;  // a thread more is not worth it

// NUL-separated, as in /proc.
absl::StatusOr<std::vector<std::string>> ReadList(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(path, kMostArguments));
  return std::vector<std::string>(
      absl::StrSplit(absl::StripSuffix(text, std::string(1, '\0')), '\0', absl::AllowEmpty()));
}

// Under the names that the running command gave them.
absl::Status AddNotedVolumes(const store::Roots& roots, const std::string& id, MountPlan& mounts) {
  PELAGOS_ASSIGN_OR_RETURN(const MountPlan noted, store::ReadNotedVolumes(roots, id));
  for (const Mount& one : noted.mounts()) {
    const auto asked =
        std::find_if(mounts.mounts().begin(), mounts.mounts().end(), [&](const Mount& mount) {
          return mount.options.own && CleanTarget(mount.target) == CleanTarget(one.target);
        });
    if (asked == mounts.mounts().end()) {
      mounts.push_back(one);  // the image's
    } else {
      asked->source = one.source;
    }
  }
  return absl::OkStatus();
}

// Of what was made for it when it began.
std::string CreatedAt(const store::Roots& roots, const std::string& id) {
  struct stat info = {};
  if (::stat(absl::StrCat(roots.Container(id), "/.lock").c_str(), &info) != 0) return "";
  return RecordTime(absl::TimeFromTimespec(info.st_mtim));
}

Status StatusOf(const store::ContainerState& state, bool claimed) {
  switch (state.phase) {
    case store::ContainerPhase::kCreated:
      return Status::kCreated;
    case store::ContainerPhase::kExited:
      return Status::kExited;
    case store::ContainerPhase::kRestarting:
      return claimed ? Status::kRestarting : Status::kLost;
    case store::ContainerPhase::kRunning:
      break;
  }
  if (!claimed) return Status::kLost;
  if (state.cgroup.empty() || !launch::IsFrozen(state.cgroup, "")) return Status::kRunning;
  return Status::kPaused;
}

// "": it has no check.
std::string HealthNow(const store::Roots& roots, const std::string& id) {
  const absl::StatusOr<Health> health = ReadHealth(roots, id);
  return health.ok() ? std::string(NameOf(health->status)) : "";
}

// A free port of the host is known to the record of what the container got.
absl::Status FindPorts(const store::Roots& roots, Found& found) {
  const std::vector<PortMapping>& asked = found.record.spec.net.ports;
  const bool exposed = found.record.spec.net.publish_exposed;
  if (!found.running() || (asked.empty() && !exposed)) return absl::OkStatus();
  found.ports = asked;
  if (!exposed && std::all_of(asked.begin(), asked.end(),
                              [](const PortMapping& port) { return port.fixed(); })) {
    return absl::OkStatus();
  }
  PELAGOS_ASSIGN_OR_RETURN(const net::Networks networks, OpenNetworks(roots));
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<net::Endpoint> endpoint,
                           networks.FindEndpoint(found.id));
  found.ports = endpoint ? endpoint->ports : std::vector<PortMapping>();
  return absl::OkStatus();
}

absl::Status Unknown(const std::string& word, const std::vector<Found>& all) {
  std::vector<absl::string_view> names;
  for (const Found& found : all) names.push_back(found.name);
  const std::string near = Suggest(word, names);
  return absl::NotFoundError(
      absl::StrCat("no container is named '", word, "'",
                   near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?")));
}

}  // namespace

absl::string_view NameOf(Status status) {
  switch (status) {
    case Status::kCreated:
      return "created";
    case Status::kRunning:
      return "running";
    case Status::kPaused:
      return "paused";
    case Status::kRestarting:
      return "restarting";
    case Status::kLost:
      return "lost";
    case Status::kExited:
      break;
  }
  return "exited";
}

absl::StatusOr<std::optional<Found>> Inventory::LookKept(const std::string& id) const {
  absl::StatusOr<store::ContainerRecord> record = store::ReadContainer(roots_, id);
  if (absl::IsNotFound(record.status())) return std::nullopt;  // gone meanwhile, or half made
  PELAGOS_RETURN_IF_ERROR(record.status());
  Found found;
  found.id = id;
  found.record = *std::move(record);
  found.name = found.record.spec.name;
  // The claim first: who lets go of it has written how it ended.
  const bool claimed = IsClaimed(roots_, id);
  PELAGOS_ASSIGN_OR_RETURN(found.state, store::ReadContainerState(roots_, id));
  found.status = StatusOf(found.state, claimed);
  if (found.running()) found.health = HealthNow(roots_, id);
  PELAGOS_RETURN_IF_ERROR(FindPorts(roots_, found));
  return found;
}

absl::StatusOr<std::optional<Found>> Inventory::LookForeground(const std::string& id) const {
  if (!IsClaimed(roots_, id)) return std::nullopt;
  const absl::StatusOr<sys::ProcessIdentity> init = ReadInit(roots_, id);
  if (absl::IsNotFound(init.status()) || absl::IsFailedPrecondition(init.status())) {
    return std::nullopt;  // on its way, or gone
  }
  PELAGOS_RETURN_IF_ERROR(init.status());
  const absl::StatusOr<sys::ProcessStat> stat = sys::ReadProcessStat(init->pid);
  if (!stat.ok() || stat->start_time != init->start_time) return std::nullopt;
  Found found;
  found.kind = Kind::kForeground;
  found.id = found.name = id;
  found.has_record = false;
  found.state.phase = store::ContainerPhase::kRunning;
  found.state.init = *init;
  found.state.started_at = CreatedAt(roots_, id);
  found.state.cgroup = sys::CgroupOfProcess(init->pid).value_or("");
  found.status = StatusOf(found.state, /*claimed=*/true);
  found.record.id = id;
  found.record.created = found.state.started_at;
  found.record.spec.name = id;
  const pid_t runner = stat->parent;
  if (foreground_ && runner > 1) {
    const std::string process = absl::StrCat("/proc/", runner);
    const auto arguments = ReadList(process + "/cmdline");
    const auto environment = ReadList(process + "/environ");
    if (arguments.ok() && environment.ok()) {
      absl::StatusOr<store::ContainerRecord> record =
          foreground_(*arguments, *environment, process + "/cwd");
      if (record.ok() && (record->spec.name == id || record->spec.name.empty())) {
        record->id = record->spec.name = id;
        record->created = found.record.created;
        found.record = *std::move(record);
        found.has_record = true;
        PELAGOS_RETURN_IF_ERROR(AddNotedVolumes(roots_, id, found.record.spec.mounts));
      }
    }
    const absl::StatusOr<uint64_t> start_time = sys::StartTime(runner);
    if (start_time.ok()) found.state.monitor = {runner, *start_time};
  }
  PELAGOS_RETURN_IF_ERROR(FindPorts(roots_, found));
  return found;
}

absl::StatusOr<std::vector<Found>> Inventory::Services() const {
  std::vector<Found> all;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> projects, store::ListProjects(roots_));
  for (const std::string& project : projects) {
    const absl::StatusOr<store::ProjectRecord> record = store::ReadProject(roots_, project);
    if (absl::IsNotFound(record.status())) continue;  // taken down meanwhile
    PELAGOS_RETURN_IF_ERROR(record.status());
    std::map<std::string, ContainerSpec> specs;
    for (const ServiceSpec& service : record->spec.services) {
      specs[service.name] = ScopeService(project, service);
    }
    for (const store::ServiceRecord& service : record->services) {
      Found found;
      found.kind = Kind::kService;
      found.id = found.name = service.container;
      found.project = project;
      found.service = service.service;
      found.record.id = service.container;
      found.record.spec = specs[service.service];
      found.record.created = service.started_at;
      found.state.init = service.init;
      found.state.monitor = record->supervisor;
      found.state.started_at = service.started_at;
      found.state.addresses = service.addresses;
      found.state.exit_code = service.exit_code.value_or(0);
      const bool runs = service.state == store::ServiceState::kRunning ||
                        service.state == store::ServiceState::kReady;
      found.state.phase = runs ? store::ContainerPhase::kRunning
                          : service.state == store::ServiceState::kExited
                              ? store::ContainerPhase::kExited
                              : store::ContainerPhase::kCreated;
      const bool alive = runs && sys::IsAlive(service.init);
      if (alive) found.state.cgroup = sys::CgroupOfProcess(service.init.pid).value_or("");
      found.status = StatusOf(found.state, alive);
      PELAGOS_RETURN_IF_ERROR(FindPorts(roots_, found));
      all.push_back(std::move(found));
    }
  }
  return all;
}

absl::StatusOr<Found> Inventory::Find(const std::string& word) const {
  absl::StatusOr<std::string> id = store::FindContainer(roots_, word);
  if (!id.ok() && !absl::IsNotFound(id.status())) return id.status();
  if (id.ok()) {
    PELAGOS_ASSIGN_OR_RETURN(std::optional<Found> kept, LookKept(*id));
    if (kept) return *std::move(kept);
  }
  std::optional<Found> found;
  PELAGOS_ASSIGN_OR_RETURN(std::vector<Found> services, Services());
  for (Found& service : services) {
    if (service.name == word) found = std::move(service);
  }
  if (!found && NameProblem(word, kMaxContainerNameLength).empty()) {
    PELAGOS_ASSIGN_OR_RETURN(found, LookForeground(word));
  }
  if (!found) {
    const absl::StatusOr<std::vector<Found>> all = List();
    return Unknown(word, all.ok() ? *all : std::vector<Found>());
  }
  if (found->has_record) {
    // What a kept one has in its record.
    absl::StatusOr<FoundImage> image = LookUpImage(roots_, found->record.spec);
    if (image.ok()) {
      found->record.image = std::move(image->image);
      found->record.user = std::move(image->user);
    } else if (found->running()) {
      return image.status();
    }
  }
  return *std::move(found);
}

absl::StatusOr<std::vector<Found>> Inventory::List() const {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> kept, store::ListContainers(roots_));
  std::vector<absl::StatusOr<std::optional<Found>>> looked(kept.size(), std::nullopt);
  const auto look = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) looked[i] = LookKept(kept[i]);
  };
  // Most of it is waiting for the kernel and reading JSON.
  const size_t threads =
      kept.size() < kFew ? 1 : std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
  std::vector<std::thread> others;
  const size_t share = (kept.size() + threads - 1) / threads;
  for (size_t i = 1; i < threads; ++i) {
    others.emplace_back(look, std::min(kept.size(), i * share),
                        std::min(kept.size(), (i + 1) * share));
  }
  look(0, std::min(kept.size(), share));
  for (std::thread& other : others) other.join();

  std::vector<Found> all;
  std::set<std::string> known(kept.begin(), kept.end());
  for (absl::StatusOr<std::optional<Found>>& one : looked) {
    PELAGOS_RETURN_IF_ERROR(one.status());
    if (*one) all.push_back(**std::move(one));
  }
  PELAGOS_ASSIGN_OR_RETURN(std::vector<Found> services, Services());
  for (Found& service : services) {
    known.insert(service.id);
    all.push_back(std::move(service));
  }
  const absl::StatusOr<std::vector<std::string>> running = sys::ListFolder(roots_.Containers());
  if (!running.ok() && FindErrno(running.status()) != ENOENT) return running.status();
  if (running.ok()) {
    for (const std::string& id : *running) {
      if (known.count(id) != 0) continue;
      PELAGOS_ASSIGN_OR_RETURN(std::optional<Found> found, LookForeground(id));
      if (found) all.push_back(*std::move(found));
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Found& a, const Found& b) {
    return a.record.created > b.record.created;
  });
  return all;
}

}  // namespace pelagos::container
