// ListServices and FindProject: see project.h.

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/compose/project.h"
#include "pelagos/store/volume.h"

namespace pelagos::compose {
namespace {

std::string StatusOf(const store::ServiceRecord& record) {
  if (record.state == store::ServiceState::kWaiting) return "waiting";
  if (record.state != store::ServiceState::kExited && sys::IsAlive(record.init)) {
    return record.state == store::ServiceState::kReady ? "running" : "starting";
  }
  // The supervisor was killed before it could write down how the service ended.
  if (!record.exit_code) return "exited";
  return absl::StrCat("exited (", *record.exit_code, ")");
}

std::vector<std::string> PortsOf(const ComposeSpec& spec, const std::string& service) {
  std::vector<std::string> ports;
  for (const ServiceSpec& candidate : spec.services) {
    if (candidate.name != service) continue;
    for (const PortMapping& port : candidate.container.net.ports) {
      ports.push_back(absl::StrCat(HostSide(port), "->", port.inside, "/", NameOf(port.protocol)));
    }
  }
  return ports;
}

}  // namespace

absl::StatusOr<std::vector<ServiceStatus>> ListServices(const store::Roots& roots,
                                                        const std::string& project) {
  absl::StatusOr<store::ProjectRecord> record = store::ReadProject(roots, project);
  if (absl::IsNotFound(record.status())) {
    return absl::NotFoundError(absl::StrCat("no project '", project, "' found"));
  }
  if (!record.ok()) return record.status();
  std::vector<ServiceStatus> services;
  for (const store::ServiceRecord& service : record->services) {
    ServiceStatus row{.service = service.service,
                      .container = service.container,
                      .image = service.image,
                      .status = StatusOf(service),
                      .pid = std::nullopt,
                      .ports = PortsOf(record->spec, service.service)};
    if (sys::IsAlive(service.init)) row.pid = service.init.pid;
    services.push_back(std::move(row));
  }
  return services;
}

absl::StatusOr<std::string> FindProject(const store::Roots& roots, const std::string& file,
                                        const std::string& otherwise) {
  std::set<std::string> found;
  PELAGOS_ASSIGN_OR_RETURN(std::vector<std::string> projects, store::ListProjects(roots));
  for (const std::string& project : projects) {
    const auto record = store::ReadProject(roots, project);
    if (record.ok() && record->file == file) found.insert(project);
  }
  if (found.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(projects, store::ListProjectsOfVolumes(roots, file));
    found.insert(projects.begin(), projects.end());
  }
  if (found.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "several projects came from '", file, "': name one with -p: ", absl::StrJoin(found, ", ")));
  }
  return found.empty() ? otherwise : *found.begin();
}

}  // namespace pelagos::compose
