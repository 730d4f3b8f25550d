// What must hold before a plan is made, one small function each. All of them are asked, so that a
// user sees everything that is wrong at once, each at its line.
//
// Pure; a rule only reads and reports.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/abi/signal.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/cgroup_rules.h"
#include "pelagos/plan/device.h"
#include "pelagos/plan/environment.h"
#include "pelagos/plan/kept_rules.h"
#include "pelagos/plan/mount_rules.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/plan/rights_rules.h"
#include "pelagos/plan/seccomp.h"
#include "pelagos/plan/user_namespace.h"
#include "pelagos/policy/cidr.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/policy/name.h"
#include "pelagos/policy/namespace_set.h"
#include "pelagos/policy/net_plan.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos {

// The folders that the root is made of, top first.
inline std::vector<std::string> LayersOf(const ContainerSpec& spec, const ResolvedImage& image) {
  return spec.rootfs.empty() ? image.layers : std::vector<std::string>{spec.rootfs};
}

namespace rules {

inline void NameIsUsable(const PlanInputs& in, Diagnostics& diags) {
  const absl::string_view problem = NameProblem(in.spec.name, kMaxContainerNameLength);
  if (problem.empty()) return;
  diags.Error(in.spec.spans.Find(""),
              absl::StrCat("the container's name '", in.spec.name, "' ", problem));
}

inline void HostnameIsUsable(const PlanInputs& in, Diagnostics& diags) {
  if (!in.spec.namespaces.contains(Namespace::kUts)) return;
  const std::string name = HostnameOf(in.spec);
  const absl::string_view problem = NameProblem(name, kMaxHostnameLength);
  if (problem.empty()) return;
  diags.Error(in.spec.spans.Find("hostname"), absl::StrCat("hostname '", name, "' ", problem),
              name.size() > kMaxHostnameLength
                  ? absl::StrCat("a hostname has at most ", kMaxHostnameLength, " bytes")
                  : "");
}

inline void RootIsKnown(const PlanInputs& in, Diagnostics& diags) {
  if (!in.spec.rootfs.empty()) {
    if (in.spec.rootfs[0] != '/') {
      diags.Error(in.spec.spans.Find("rootfs"),
                  absl::StrCat("rootfs '", in.spec.rootfs, "' must be an absolute path"));
    }
    return;
  }
  if (!in.image.layers.empty()) return;
  diags.Error(in.spec.spans.Find("image"),
              in.spec.image.empty() ? std::string("neither an image nor a root folder is given")
                                    : absl::StrCat("image '", in.spec.image, "' has no layers"));
}

inline void CommandIsKnown(const PlanInputs& in, Diagnostics& diags) {
  const std::vector<std::string> command = CommandOf(in.spec, in.image);
  if (command.empty() || command[0].empty()) {
    diags.Error(in.spec.spans.Find("command"),
                in.spec.image.empty() ? std::string("no command is given")
                                      : absl::StrCat("no command is given, and image '",
                                                     in.spec.image, "' names none"),
                "say what to run with the option command");
    return;
  }
  for (const std::string& word : command) {
    if (word.find('\0') == std::string::npos) continue;
    diags.Error(in.spec.spans.Find("command"), "the command must not contain a NUL byte");
    return;
  }
}

inline void NamespacesFitTogether(const PlanInputs& in, Diagnostics& diags) {
  if (!in.spec.namespaces.contains(Namespace::kMount)) {
    diags.Error(in.spec.spans.Find("namespaces"), "a root of its own needs a mount namespace");
    return;
  }
  if (const NamespaceRule* rule = FirstViolation(in.spec.namespaces)) {
    diags.Error(in.spec.spans.Find("namespaces"),
                absl::StrCat("namespace ", RowOf(rule->given).name, " needs namespace ",
                             RowOf(rule->needs).name, ": ", rule->why));
  }
  if (IsConnected(in.spec.net.mode) && !in.spec.namespaces.contains(Namespace::kNet)) {
    diags.Error(in.spec.spans.Find("network"), "joining a network needs a network namespace");
  }
}

inline void MountTargetsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  std::vector<std::string> seen;
  for (const Mount& mount : in.spec.mounts.mounts()) {
    const Span span = in.spec.spans.Find("mount", mount.target);
    const auto error = [&](absl::string_view problem) {
      diags.Error(span, absl::StrCat(NameOf(mount.kind), " target '", mount.target, "' ", problem));
    };
    if (const absl::string_view problem = TargetProblem(mount.target); !problem.empty()) {
      error(problem);
      continue;
    }
    const std::string target = CleanTarget(mount.target);
    for (const std::string& other : seen) {
      if (other == target) error("is mounted twice");
    }
    seen.push_back(target);
  }
}

inline void MountSourcesAreUsable(const PlanInputs& in, Diagnostics& diags) {
  for (const Mount& mount : in.spec.mounts.mounts()) {
    const Span span = in.spec.spans.Find("mount", mount.target);
    if (mount.kind == MountKind::kBind && (mount.source.empty() || mount.source[0] != '/')) {
      diags.Error(span, absl::StrCat("bind source '", mount.source, "' must be an absolute path"));
    }
    if (mount.kind == MountKind::kVolume) {
      const absl::string_view problem = NameProblem(mount.source, kMaxContainerNameLength);
      if (!problem.empty()) {
        diags.Error(span, absl::StrCat("volume '", mount.source, "' ", problem));
      }
    }
    if (mount.source.find('\0') != std::string::npos) {
      diags.Error(span, "the source must not contain a NUL byte");
    }
  }
}

inline void EnvironmentIsUsable(const PlanInputs& in, Diagnostics& diags) {
  for (const EnvVariable& variable : in.spec.env) {
    const Span span = in.spec.spans.Find("env", variable.key);
    if (variable.key.empty()) diags.Error(span, "env key must not be empty");
    if (variable.key.find('=') != std::string::npos) {
      diags.Error(span, absl::StrCat("env key '", variable.key, "' must not contain '='"));
    }
    if ((variable.key + variable.value).find('\0') != std::string::npos) {
      diags.Error(span, "env must not contain a NUL byte");
    }
  }
}

inline void WorkdirIsAbsolute(const PlanInputs& in, Diagnostics& diags) {
  const std::string workdir = WorkdirOf(in.spec, in.image);
  if (workdir[0] == '/' && workdir.find('\0') == std::string::npos) return;
  diags.Error(in.spec.spans.Find("workdir"),
              absl::StrCat("workdir '", workdir, "' must be an absolute path",
                           in.spec.workdir.empty() ? "; the image names it" : ""));
}

inline void UserIsUsable(const PlanInputs& in, Diagnostics& diags) {
  // setresuid(2): -1 means "leave as it is", which would be root.
  constexpr uint32_t kNobodyAtAll = 0xffffffff;
  bool usable = in.user.uid != kNobodyAtAll && in.user.gid != kNobodyAtAll;
  for (uint32_t group : in.user.groups) usable = usable && group != kNobodyAtAll;
  if (usable) return;
  diags.Error(in.spec.spans.Find("user"), "4294967295 is no user or group id");
}

inline void LimitsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  CheckLimits(in.spec, in.facts, diags);
  CheckSets(in.spec, in.facts, diags);
  CheckIo(in.spec, in.facts, diags);
}

inline void ControllersExist(const PlanInputs& in, Diagnostics& diags) {
  CheckControllers(in.spec, in.facts, diags);
  CheckSettings(in.spec, in.facts, diags);
}

inline void NetworkIsUsable(const PlanInputs& in, Diagnostics& diags) {
  const NetPlan& net = in.spec.net;
  const Span ports = in.spec.spans.Find("port");
  if (const absl::string_view problem = NetProblem(net); !problem.empty()) {
    diags.Error(net.ports.empty() ? in.spec.spans.Find("network") : ports, std::string(problem));
  }
  for (size_t i = 0; i < net.ports.size(); ++i) {
    const PortMapping& port = net.ports[i];
    const Span span = in.spec.spans.Find("port", std::to_string(i));
    if (port.inside == 0) diags.Error(span, "0 is no port");
    if (port.host_last != 0 && port.host_last < port.host) {
      diags.Error(span, absl::StrCat("ports ", port.host, "-", port.host_last, " are no range"));
    }
    if (ParseHostAddress(port.host_address) != port.host_address) {
      diags.Error(span, absl::StrCat("'", port.host_address, "' is no address of the host"));
    }
  }
  if (const int later = FirstOverlap(net.ports); later >= 0) {
    diags.Error(in.spec.spans.Find("port", std::to_string(later)),
                absl::StrCat("port ", net.ports[static_cast<size_t>(later)].host,
                             " of the host is published twice"));
  }
}

// What was asked for in an attachment, and that no network is joined twice.
inline void AttachmentsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  std::set<absl::string_view> joined;
  for (const Attachment& attachment : in.spec.net.attachments) {
    const Span span = in.spec.spans.Find("network", attachment.network);
    const std::string where = absl::StrCat("network '", attachment.network, "'");
    if (!joined.insert(attachment.network).second) {
      diags.Error(span, absl::StrCat(where, " is joined twice"));
    }
    if (!attachment.address.empty() && !ParseIpv4(attachment.address)) {
      diags.Error(span, absl::StrCat(where, ": '", attachment.address, "' is no IPv4 address"));
    }
    const std::string& address6 = attachment.address6;
    if (!address6.empty() && (!IsIpv6Text(address6) || ParseHostAddress(address6) != address6)) {
      diags.Error(span, absl::StrCat(where, ": '", address6, "' is no IPv6 address"));
    }
    if (!attachment.mac.empty() && !IsMacAddress(attachment.mac)) {
      diags.Error(span, absl::StrCat(where, ": '", attachment.mac,
                                     "' is no MAC address of one host, like 02:42:0a:63:00:02"));
    }
  }
  for (const std::string& server : in.spec.net.dns.servers) {
    if (ParseHostAddress(server)) continue;
    diags.Error({}, absl::StrCat("name server '", server, "' is no address"));
  }
}

inline void SeccompIsUsable(const PlanInputs& in, Diagnostics& diags) {
  if (in.spec.seccomp.profile != SeccompProfile::kCustom) return;
  const absl::StatusOr<InstallSeccomp> op = PlanSeccomp(in.spec, in.facts);
  if (op.ok()) return;
  diags.Error(in.spec.spans.Find("seccomp"), absl::StrCat("seccomp: ", op.status().message()));
}

}  // namespace rules

struct Rule {
  absl::string_view name;
  void (*check)(const PlanInputs& in, Diagnostics& diags);
};

inline constexpr Rule kRules[] = {
    {"name", rules::NameIsUsable},
    {"hostname", rules::HostnameIsUsable},
    {"root", rules::RootIsKnown},
    {"command", rules::CommandIsKnown},
    {"namespaces", rules::NamespacesFitTogether},
    {"mount targets", rules::MountTargetsAreUsable},
    {"mount sources", rules::MountSourcesAreUsable},
    {"mount options", rules::MountOptionsAreUsable},
    {"masked paths", rules::MaskedPathsAreUsable},
    {"devices", rules::DevicesAreUsable},
    {"environment", rules::EnvironmentIsUsable},
    {"workdir", rules::WorkdirIsAbsolute},
    {"user", rules::UserIsUsable},
    {"limits", rules::LimitsAreUsable},
    {"controllers", rules::ControllersExist},
    {"network", rules::NetworkIsUsable},
    {"attachments", rules::AttachmentsAreUsable},
    {"extra hosts", rules::ExtraHostsAreUsable},
    {"stop", rules::StopIsUsable},
    {"lifecycle", rules::LifecycleIsUsable},
    {"joins", rules::JoinsAreUsable},
    {"init", rules::InitIsThere},
    {"domainname", rules::DomainnameIsUsable},
    {"umask", rules::UmaskIsUsable},
    {"rlimits", rules::RlimitsAreUsable},
    {"oom score", rules::OomScoreAdjIsUsable},
    {"sysctls", rules::SysctlsAreTheContainers},
    {"capabilities", rules::CapabilitySetsFitTogether},
    {"labels", rules::LabelsAreUsable},
    {"landlock", rules::LandlockIsUsable},
    {"seccomp", rules::SeccompIsUsable},
    {"user namespace", rules::UserNamespaceIsUsable},
    {"time offsets", rules::TimeOffsetsAreUsable},
    {"mapped ids", rules::IdsAreMapped},
    {"allowed network", rules::NetworkIsAllowed},
};

inline void CheckRules(const PlanInputs& in, Diagnostics& diags) {
  for (const Rule& rule : kRules) rule.check(in, diags);
}

}  // namespace pelagos
