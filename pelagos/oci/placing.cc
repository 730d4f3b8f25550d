#include "pelagos/oci/placing.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/oci/systemd/properties.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/security.h"

namespace pelagos::oci {
namespace {

// Root of a user namespace is a user to the host: the system's service manager does not obey it.
bool IsUser() { return ::geteuid() != 0 || !sys::InInitialUserNamespace(); }

}  // namespace

ServiceManager UsualServiceManager() {
  constexpr int kDebian12 = 252;
  ServiceManager manager = {IsUser(), "", kDebian12};
  if (manager.user) {
    const uid_t uid = ::getuid();
    manager.root = absl::StrCat("/user.slice/user-", uid, ".slice/user@", uid, ".service");
  }
  return manager;
}

absl::StatusOr<Placing> Placing::Open(BundleFacts& facts) {
  PELAGOS_ASSIGN_OR_RETURN(SystemdClient client, SystemdClient::Open(IsUser()));
  PELAGOS_ASSIGN_OR_RETURN(facts.systemd, client.Look());
  // What was not handed down to the user's service manager nobody below it has.
  sys::CgroupMounts& cgroups = facts.cgroups;
  if (facts.systemd->user && !cgroups.v2_mount.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(cgroups.v2_controllers, sys::ReadCgroup2Controllers(absl::StrCat(
                                                         cgroups.v2_mount, facts.systemd->root)));
  }
  return Placing(std::move(client));
}

absl::Status Placing::Place(const NewUnit& unit, const CgroupFolders& folders, pid_t pid) {
  // A slice has no processes of systemd's.
  const bool slice = unit.unit.is_slice();
  std::vector<uint32_t> pids;
  if (!slice) pids.push_back(static_cast<uint32_t>(pid));
  PELAGOS_ASSIGN_OR_RETURN(const std::string cgroup,
                           client_.Start(unit.unit.name, unit.properties, std::move(pids)));
  if (cgroup != unit.cgroup) {
    return absl::InternalError(absl::StrCat("systemd made the cgroup ", cgroup, ", and not ",
                                            unit.cgroup, ", where it is looked for"));
  }
  if (!slice || folders.v2.empty()) return absl::OkStatus();
  return sys::WriteKernelFile(folders.v2 + "/cgroup.procs", absl::StrCat(pid));
}

absl::Status AttachToUnit(const Record& record, const std::string& cgroup, pid_t pid) {
  PELAGOS_ASSIGN_OR_RETURN(SystemdClient client, SystemdClient::Open(record.systemd->user));
  return client.Attach(record.systemd->name,
                       std::string(absl::StripPrefix(cgroup, record.cgroups.v2)), pid);
}

absl::Status UpdateUnit(const Record& record, const Resources& resources) {
  PELAGOS_ASSIGN_OR_RETURN(SystemdClient client, SystemdClient::Open(record.systemd->user));
  PELAGOS_ASSIGN_OR_RETURN(const ServiceManager manager, client.Look());
  UnitProperties properties = LimitProperties(resources, record.cgroups, manager.version);
  if (properties.empty()) return absl::OkStatus();
  return client.Set(record.systemd->name, std::move(properties));
}

absl::Status StopUnit(const Record& record) {
  PELAGOS_ASSIGN_OR_RETURN(SystemdClient client, SystemdClient::Open(record.systemd->user));
  return client.Stop(record.systemd->name);
}

}  // namespace pelagos::oci
