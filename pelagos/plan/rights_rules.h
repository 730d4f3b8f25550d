// What must hold of a container's rights: limits of its processes, settings of the kernel,
// capabilities, labels and path rules. One small function each, asked by CheckRules.
//
// Pure; a rule only reads and reports.
#pragma once

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/policy/landlock.h"
#include "pelagos/policy/name.h"
#include "pelagos/policy/namespace_join.h"
#include "pelagos/policy/oom_score.h"
#include "pelagos/policy/process_capabilities.h"
#include "pelagos/policy/rlimits.h"
#include "pelagos/policy/security_label.h"
#include "pelagos/policy/sysctls.h"

namespace pelagos::rules {

inline void JoinsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  NamespaceSet seen = in.spec.namespaces;
  for (const NamespaceJoin& join : in.spec.joins) {
    const std::string name(RowOf(join.kind).name);
    const auto error = [&](absl::string_view problem) {
      diags.Error(in.spec.spans.Find("namespaces"), absl::StrCat("namespace ", name, " ", problem));
    };
    if (const absl::string_view problem = JoinProblem(join.kind); !problem.empty()) {
      error(problem);
    }
    if (seen.contains(join.kind)) error("cannot be joined and made, or joined twice");
    seen.insert(join.kind);
    if (!join.container.empty()) {
      if (!join.path.empty()) error("is joined by a path or a container's name, not both");
      if (join.container == in.spec.name) error("cannot be joined: it is the container's own");
    } else if (join.path.empty() || join.path[0] != '/' ||
               join.path.find('\0') != std::string::npos) {
      error("is joined by an absolute path");
    }
  }
  // Nothing else names the processes that the program leaves behind.
  const CgroupLayout& cgroups = in.facts.cgroups;
  if (!in.spec.namespaces.contains(Namespace::kPid) &&
      (cgroups.v2_mount.empty() || !cgroups.usable)) {
    diags.Error(
        in.spec.spans.Find("namespaces"),
        absl::StrCat("without a pid namespace of its own a container's processes are told from "
                     "others by a cgroup v2, which this ",
                     cgroups.usable ? "host does not mount" : "user may not make"));
  }
}

inline void InitIsThere(const PlanInputs& in, Diagnostics& diags) {
  if (!in.spec.init || !in.facts.init_program.empty()) return;
  diags.Error(in.spec.spans.Find("init"), "init: the program pelagos-init is not found");
}

inline void DomainnameIsUsable(const PlanInputs& in, Diagnostics& diags) {
  const std::string& name = in.spec.domainname;
  if (name.empty()) return;
  const Span span = in.spec.spans.Find("domainname");
  // setdomainname(2): 64 bytes, as for the hostname.
  if (const absl::string_view problem = NameProblem(name, kMaxHostnameLength); !problem.empty()) {
    diags.Error(span, absl::StrCat("domainname '", name, "' ", problem));
  }
  if (!in.spec.namespaces.contains(Namespace::kUts)) {
    diags.Error(span, "domainname: without a uts namespace of its own this would change the host");
  }
}

inline void UmaskIsUsable(const PlanInputs& in, Diagnostics& diags) {
  constexpr uint32_t kMost = 0777;
  if (in.spec.umask <= kMost) return;
  diags.Error(in.spec.spans.Find("umask"), "umask must be from 0000 to 0777");
}

inline void RlimitsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  for (const auto& [limit, pair] : in.spec.rlimits.pairs()) {
    const std::string name(NameOf(limit));
    if (const absl::string_view problem = RlimitProblem(pair); !problem.empty()) {
      diags.Error(in.spec.spans.Find("ulimit", name), absl::StrCat("ulimit ", name, " ", problem));
    }
  }
}

inline void OomScoreAdjIsUsable(const PlanInputs& in, Diagnostics& diags) {
  if (!in.spec.oom_score_adj) return;
  const absl::string_view problem = OomScoreAdjProblem(*in.spec.oom_score_adj);
  if (problem.empty()) return;
  diags.Error(in.spec.spans.Find("oom-score-adj"),
              absl::StrCat("oom-score-adj ", *in.spec.oom_score_adj, " ", problem));
}

// A setting that is not of a namespace of the container's own would be the host's.
inline void SysctlsAreTheContainers(const PlanInputs& in, Diagnostics& diags) {
  for (const auto& [name, value] : in.spec.sysctls) {
    const auto error = [&, &name = name](absl::string_view problem, std::string hint = "") {
      diags.Error(in.spec.spans.Find("sysctl", name), absl::StrCat("sysctl ", name, " ", problem),
                  std::move(hint));
    };
    if (const absl::string_view problem = SysctlNameProblem(name); !problem.empty()) {
      error(problem);
      continue;
    }
    // What comes behind the first line or number is somebody's trick (CVE-2022-0811).
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return absl::ascii_iscntrl(c) && c != '\t'; })) {
      error("has a value with a line's end or another control character");
    }
    const std::optional<Namespace> owner = FindSysctlOwner(name);
    if (!owner) {
      error("is a setting of the whole host, not of a container",
            "containers have their own net.*, fs.mqueue.*, kernel.msg*, kernel.sem* and "
            "kernel.shm*");
    } else if (*owner == Namespace::kUts) {
      error("is not set this way",
            name == "kernel.hostname" ? "use the option hostname" : "use the option domainname");
    } else if (!in.spec.namespaces.contains(*owner) ||
               (*owner == Namespace::kNet && in.spec.net.mode == NetMode::kHost)) {
      error(absl::StrCat("would be the host's: the container has no ", RowOf(*owner).name,
                         " namespace of its own"));
    } else if (NeedsInterface(name) && !IsConnected(in.spec.net.mode)) {
      error("is of an interface that the container does not get: it joins no network");
    }
  }
}

inline void CapabilitySetsFitTogether(const PlanInputs& in, Diagnostics& diags) {
  if (!in.spec.process_capabilities) return;
  const absl::string_view problem =
      ProcessCapabilitiesProblem(*in.spec.process_capabilities, in.spec.capabilities);
  if (problem.empty()) return;
  diags.Error(in.spec.spans.Find("capabilities"), absl::StrCat("the capabilities ", problem));
}

inline void LabelsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  const SecurityLabels& labels = in.spec.labels;
  const Span span = in.spec.spans.Find("security-opt");
  if (!labels.apparmor.empty()) {
    if (const absl::string_view problem = AppArmorProblem(labels.apparmor); !problem.empty()) {
      diags.Error(span, absl::StrCat("AppArmor profile '", labels.apparmor, "' ", problem));
    } else if (!in.facts.apparmor) {
      diags.Error(span,
                  absl::StrCat("AppArmor profile '", labels.apparmor,
                               "' is asked for, but this host's kernel does not enforce AppArmor"),
                  "see /sys/module/apparmor/parameters/enabled");
    }
  }
  for (const std::string* label : {&labels.selinux, &labels.selinux_mount}) {
    if (label->empty()) continue;
    if (const absl::string_view problem = SelinuxProblem(*label); !problem.empty()) {
      diags.Error(span, absl::StrCat("SELinux label '", *label, "' ", problem));
    } else if (!in.facts.selinux) {
      diags.Error(span, absl::StrCat("SELinux label '", *label,
                                     "' is asked for, but SELinux is off on this host"));
    }
  }
}

inline void LandlockIsUsable(const PlanInputs& in, Diagnostics& diags) {
  if (in.spec.landlock.empty()) return;
  if (in.facts.landlock_abi == 0) {
    diags.Error(in.spec.spans.Find("landlock"),
                "landlock rules are given, but this host's kernel has no Landlock",
                "it must be in the list of the kernel parameter lsm=");
  }
  for (const LandlockRule& rule : in.spec.landlock) {
    const Span span = in.spec.spans.Find("landlock", rule.path);
    if (rule.path.empty() || rule.path[0] != '/' || rule.path.find('\0') != std::string::npos) {
      diags.Error(span, absl::StrCat("landlock path '", rule.path, "' must be an absolute path"));
    }
    if (rule.access == LandlockAccess{}) {
      diags.Error(span, absl::StrCat("landlock rule of '", rule.path, "' allows nothing"));
    }
  }
}

}  // namespace pelagos::rules
