// The whole stack against itself, before anything of it is made: every mistake, each at its line.
//
// Pure. What a single service says wrongly is found earlier, by the forms (forms.h); what only the
// host knows (does the bind's source exist, is the image there) later, by compose.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/base/suggest.h"
#include "pelagos/policy/cidr.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/policy/name.h"
#include "pelagos/policy/port_map.h"
#include "pelagos/spec/compose.h"
#include "pelagos/spec/order.h"

namespace pelagos {

// Where a hook was registered, and for which service.
struct HookSite {
  std::string service;
  Span span;
};

namespace internal {

template <typename Items>
std::vector<std::string> NamesOf(const Items& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

// "did you mean 'x'?", or what else can be done.
inline std::string DidYouMean(absl::string_view written, const std::vector<std::string>& names,
                              absl::string_view otherwise) {
  const std::string nearest = Suggest(written, names);
  return nearest.empty() ? std::string(otherwise) : absl::StrCat("did you mean '", nearest, "'?");
}

template <typename Items>
void CheckNames(const char* kind, const Items& items, Diagnostics& diags) {
  std::set<std::string> seen;
  for (const auto& item : items) {
    if (const absl::string_view problem = NameProblem(item.name); !problem.empty()) {
      diags.Error(item.span, absl::StrCat(kind, " '", item.name, "' ", problem));
    } else if (!seen.insert(item.name).second) {
      diags.Error(item.span, absl::StrCat("duplicate: ", kind, " '", item.name, "'"),
                  absl::StrCat("another ", kind, " has this name already"));
    }
  }
}

inline void CheckNetworks(const ComposeSpec& spec, const ServiceSpec& service, Diagnostics& diags) {
  const std::vector<std::string> known = NamesOf(spec.networks);
  std::set<std::string> joined;
  for (const std::string& network : service.networks) {
    const Span span = service.container.spans.Find("network", network);
    if (!joined.insert(network).second) {
      diags.Error(span,
                  absl::StrCat("service '", service.name, "' joins network '", network, "' twice"));
    } else if (std::find(known.begin(), known.end(), network) == known.end()) {
      diags.Error(
          span,
          absl::StrCat("service '", service.name, "' references unknown network '", network, "'"),
          DidYouMean(network, known,
                     absl::StrCat("declare it in the compose form: (network \"", network, "\")")));
    }
  }
}

inline void CheckMounts(const ComposeSpec& spec, const ServiceSpec& service, Diagnostics& diags) {
  const std::vector<std::string> known = NamesOf(spec.volumes);
  std::set<std::string> targets;
  for (const Mount& mount : service.container.mounts.mounts()) {
    const Span span = service.container.spans.Find("mount", mount.target);
    if (const absl::string_view problem = TargetProblem(mount.target); !problem.empty()) {
      diags.Error(span, absl::StrCat("service '", service.name, "': ", NameOf(mount.kind),
                                     " target '", mount.target, "' ", problem));
    } else if (!targets.insert(CleanTarget(mount.target)).second) {
      diags.Error(span, absl::StrCat("service '", service.name, "' has two mounts on '",
                                     CleanTarget(mount.target), "'"));
    }
    if (mount.kind == MountKind::kVolume &&
        std::find(known.begin(), known.end(), mount.source) == known.end()) {
      diags.Error(span,
                  absl::StrCat("service '", service.name, "' references unknown volume '",
                               mount.source, "'"),
                  DidYouMean(mount.source, known,
                             absl::StrCat("declare it in the compose form: (volume \"",
                                          mount.source, "\")")));
    }
  }
}

inline void CheckDependencies(const ComposeSpec& spec, const ServiceSpec& service,
                              Diagnostics& diags) {
  const std::vector<std::string> known = NamesOf(spec.services);
  for (const Dependency& dependency : service.depends_on) {
    if (dependency.service == service.name) {
      diags.Error(dependency.span, absl::StrCat("service '", service.name, "' depends on itself"));
    } else if (std::find(known.begin(), known.end(), dependency.service) == known.end()) {
      diags.Error(dependency.span,
                  absl::StrCat("service '", service.name, "' depends on unknown service '",
                               dependency.service, "'"),
                  DidYouMean(dependency.service, known, "it is not part of the compose form"));
    }
  }
}

inline void CheckCycles(const ComposeSpec& spec, Diagnostics& diags) {
  for (const std::vector<std::string>& cycle : DependencyCycles(spec)) {
    Span span;
    for (const ServiceSpec& service : spec.services) {
      if (span.known() || service.name != cycle.front()) continue;
      span = service.span;
      for (const Dependency& dependency : service.depends_on) {
        if (std::find(cycle.begin(), cycle.end(), dependency.service) != cycle.end()) {
          span = dependency.span;
        }
      }
    }
    diags.Error(span, absl::StrCat("dependency cycle: ", absl::StrJoin(cycle, " -> ")),
                "one of them must start without the others");
  }
}

inline void CheckPorts(const ComposeSpec& spec, Diagnostics& diags) {
  struct Claim {
    const PortMapping* port;
    const std::string* service;
  };
  std::vector<Claim> claims;
  for (const ServiceSpec& service : spec.services) {
    const std::vector<PortMapping>& ports = service.container.net.ports;
    for (size_t i = 0; i < ports.size(); ++i) {
      for (const Claim& claim : claims) {
        if (!Overlap(ports[i], *claim.port)) continue;
        diags.Error(service.container.spans.Find("port", std::to_string(i)),
                    absl::StrCat("port ", ports[i].host, " of the host is published twice"),
                    absl::StrCat("service '", *claim.service, "' publishes it already"));
        break;
      }
      claims.push_back({&ports[i], &service.name});
    }
  }
}

inline void CheckSubnets(const ComposeSpec& spec, Diagnostics& diags) {
  std::vector<const NetworkSpec*> earlier;
  for (const NetworkSpec& network : spec.networks) {
    if (network.subnet.empty()) continue;
    const std::optional<Cidr> cidr = ParseSubnet(network.subnet);
    if (!cidr) {
      diags.Error(network.span, absl::StrCat("network '", network.name, "': subnet '",
                                             network.subnet, "' ", SubnetProblem(network.subnet)));
      continue;
    }
    for (const NetworkSpec* other : earlier) {
      if (!Overlap(*cidr, *ParseSubnet(other->subnet))) continue;
      diags.Error(network.span, absl::StrCat("subnet ", network.subnet, " of network '",
                                             network.name, "' overlaps with ", other->subnet,
                                             " of network '", other->name, "'"));
    }
    earlier.push_back(&network);
  }
}

}  // namespace internal

// `hooks` are those of the whole evaluation.
inline void CheckCompose(const ComposeSpec& spec, const std::vector<HookSite>& hooks,
                         Diagnostics& diags) {
  internal::CheckNames("service", spec.services, diags);
  internal::CheckNames("network", spec.networks, diags);
  internal::CheckNames("volume", spec.volumes, diags);
  internal::CheckSubnets(spec, diags);
  for (const ServiceSpec& service : spec.services) {
    internal::CheckNetworks(spec, service, diags);
    internal::CheckMounts(spec, service, diags);
    internal::CheckDependencies(spec, service, diags);
  }
  internal::CheckCycles(spec, diags);
  internal::CheckPorts(spec, diags);
  const std::vector<std::string> known = internal::NamesOf(spec.services);
  for (const HookSite& hook : hooks) {
    if (std::find(known.begin(), known.end(), hook.service) != known.end()) continue;
    diags.Error(hook.span, absl::StrCat("on-ready: unknown service '", hook.service, "'"),
                internal::DidYouMean(hook.service, known, "it is not part of the compose form"));
  }
}

// Makes the sources of binds absolute: relative ones count from `folder`, the one of the compose
// file. Requires: `folder` is absolute. Existence is not looked at.
inline void ResolveBindSources(ComposeSpec& spec, absl::string_view folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.remove_suffix(1);
  for (ServiceSpec& service : spec.services) {
    for (Mount& mount : service.container.mounts.mounts()) {
      if (mount.kind != MountKind::kBind || mount.source.empty() || mount.source[0] == '/') {
        continue;
      }
      absl::string_view rest = mount.source;
      while (rest.size() >= 2 && rest.substr(0, 2) == "./") {
        rest.remove_prefix(2);
        while (!rest.empty() && rest[0] == '/') rest.remove_prefix(1);
      }
      const absl::string_view separator = folder == "/" ? "" : "/";
      mount.source =
          rest.empty() || rest == "." ? std::string(folder) : absl::StrCat(folder, separator, rest);
    }
  }
}

}  // namespace pelagos
