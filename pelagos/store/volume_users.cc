#include "pelagos/store/volume_users.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/store/container.h"
#include "pelagos/store/project.h"
#include "pelagos/store/usage.h"
#include "pelagos/store/volume.h"

namespace pelagos::store {

absl::StatusOr<std::map<std::string, std::vector<std::string>>> FindVolumeUsers(
    const Roots& roots) {
  std::map<std::string, std::vector<std::string>> users;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> ids, ListContainers(roots));
  for (const std::string& id : ids) {
    const absl::StatusOr<ContainerRecord> record = ReadContainer(roots, id);
    if (absl::IsNotFound(record.status())) continue;  // removed meanwhile
    PELAGOS_RETURN_IF_ERROR(record.status());
    std::set<std::string> own;
    for (const Mount& mount : record->spec.mounts.mounts()) {
      if (mount.kind == MountKind::kVolume) own.insert(mount.source);
    }
    for (const std::string& volume : own) {
      users[volume].push_back(absl::StrCat("container '", record->spec.name, "'"));
    }
  }

  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> projects, ListProjects(roots));
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Volume> volumes, ListAllVolumes(roots));
  for (const Volume& volume : volumes) {
    if (volume.project.empty()) continue;
    if (std::find(projects.begin(), projects.end(), volume.project) == projects.end()) continue;
    users[volume.name].push_back(absl::StrCat("project '", volume.project, "'"));
  }

  using Links = std::map<std::string, size_t>;
  PELAGOS_ASSIGN_OR_RETURN(const Links links, CountVolumeLinks(roots));
  for (const auto& [volume, count] : links) {
    if (count > 0 && users.find(volume) == users.end()) {
      users[volume].push_back("a running container");
    }
  }
  return users;
}

}  // namespace pelagos::store
