// From a stack's own names to the store's: what a service of a project is as a container.
//
// Pure. A service says "db" and "data"; on the host these are PROJECT-db and PROJECT-data, so that
// projects keep apart.
#pragma once

#include <string>
#include <utility>

#include "pelagos/policy/name.h"
#include "pelagos/spec/compose.h"

namespace pelagos {

inline constexpr char kImplicitNetwork[] = "default";

// The spec with what a user need not write: a stack that names no network anywhere gets one,
// `default`; a service that names none joins the first declared. A completed spec stays as it is.
inline ComposeSpec Completed(ComposeSpec spec) {
  bool named = !spec.networks.empty();
  for (const ServiceSpec& service : spec.services) named = named || !service.networks.empty();
  if (!named && !spec.services.empty()) spec.networks.push_back({kImplicitNetwork, "", Span{}});
  if (spec.networks.empty()) return spec;
  for (ServiceSpec& service : spec.services) {
    if (service.networks.empty()) service.networks.push_back(spec.networks.front().name);
  }
  return spec;
}

// The service as a container of the project. Requires: `service` is of a Completed spec. Inside it
// is known by its service name on each of its networks. The hostname is the container's name where
// the kernel takes so long a one, else the service's.
inline ContainerSpec ScopeService(const std::string& project, const ServiceSpec& service) {
  ContainerSpec container = service.container;
  container.name = ScopedName(project, service.name);
  if (container.hostname.empty()) {
    container.hostname =
        container.name.size() <= kMaxHostnameLength ? container.name : service.name;
  }
  for (Mount& mount : container.mounts.mounts()) {
    if (mount.kind == MountKind::kVolume) mount.source = ScopedName(project, mount.source);
  }
  container.net.mode = service.networks.empty() ? NetMode::kNone : NetMode::kBridge;
  container.net.attachments.clear();
  for (const std::string& network : service.networks) {
    container.net.attachments.push_back({ScopedName(project, network), {service.name}});
  }
  return container;
}

}  // namespace pelagos
