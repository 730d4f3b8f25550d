#include "pelagos/cli/run_rights.h"

#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/octal.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/base/suggest.h"
#include "pelagos/policy/oom_score.h"
#include "pelagos/policy/rlimits.h"
#include "pelagos/policy/sysctls.h"

namespace pelagos::cli {
namespace {

absl::Status Wrong(absl::string_view flag, absl::string_view value, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, " '", value, "': ", expected));
}

absl::Status ApplyUlimits(const Arguments& args, ContainerSpec& spec) {
  for (const std::string& text : args.values("ulimit")) {
    if (const std::optional<Ulimit> limit = ParseUlimit(text)) {
      spec.rlimits.Set(limit->limit, limit->pair);
      continue;
    }
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals != std::string::npos && !FindRlimit(name)) {
      std::vector<absl::string_view> names;
      for (const RlimitRow& row : kRlimits) names.push_back(row.name);
      const std::string near = Suggest(name, names);
      return Wrong("ulimit", text,
                   absl::StrCat("there is no limit '", name, "'",
                                near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?")));
    }
    return Wrong("ulimit", text,
                 "expected NAME=SOFT[:HARD], numbers or unlimited, SOFT at most HARD");
  }
  return absl::OkStatus();
}

// Docker's rule: ALL among the added is everything but what is dropped; ALL among the dropped
// leaves what is added; else first the dropped go, then the added come.
absl::Status ApplyCapabilities(const Arguments& args, ContainerSpec& spec) {
  struct Names {
    CapabilitySet set;
    bool all = false;
  };
  const auto read = [&](const char* flag, Names& names) -> absl::Status {
    for (const std::string& name : args.values(flag)) {
      if (absl::EqualsIgnoreCase(name, "ALL") || absl::EqualsIgnoreCase(name, "CAP_ALL")) {
        names.all = true;
        continue;
      }
      const std::optional<Capability> found = FindCapability(name);
      if (!found) {
        const std::string near = Suggest(name, kCapabilityNames);
        return Wrong(
            flag, name,
            absl::StrCat("there is no such capability",
                         near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?")));
      }
      names.set.insert(*found);
    }
    return absl::OkStatus();
  };
  Names add, drop;
  PELAGOS_RETURN_IF_ERROR(read("cap-add", add));
  PELAGOS_RETURN_IF_ERROR(read("cap-drop", drop));
  spec.named_capabilities = add.set;
  if (args.has("privileged")) {
    spec.capabilities = CapabilitySet::All();
    return absl::OkStatus();
  }
  if (add.all) {
    spec.capabilities = CapabilitySet::All() - drop.set;
  } else if (drop.all) {
    spec.capabilities = add.set;
  } else {
    spec.capabilities = (spec.capabilities - drop.set) | add.set;
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Flag> RightsFlags() {
  return {
      {"ulimit", 0, "NAME=SOFT[:HARD]", "a resource limit: nofile=1024:4096, core=unlimited"},
      {"oom-score-adj", 0, "NUMBER", "-1000 (never killed) to 1000 (killed first)"},
      {"sysctl", 0, "NAME=VALUE", "a setting of the container's own: net.*, kernel.shm*, ..."},
      {"cap-add", 0, "NAME", "a capability more: net-admin, ALL"},
      {"cap-drop", 0, "NAME", "a capability less: net-raw, ALL"},
      {"cap-ambient", 0, "", "users other than root keep the capabilities too"},
      {"privileged", 0, "", "all capabilities and devices, no system call filter, nothing hidden"},
      {"group-add", 0, "GROUP", "a supplementary group: a name of the image or a number"},
      {"domainname", 0, "NAME", "the NIS domain name"},
      {"umask", 0, "MODE", "of the program, octal (default: 0022)"},
  };
}

absl::Status ApplyRights(const Arguments& args, ContainerSpec& spec) {
  PELAGOS_RETURN_IF_ERROR(ApplyUlimits(args, spec));
  if (args.has("oom-score-adj")) {
    const std::string text = args.value("oom-score-adj");
    spec.oom_score_adj = ParseOomScoreAdj(text);
    if (!spec.oom_score_adj) {
      return Wrong("oom-score-adj", text, "expected a whole number from -1000 to 1000");
    }
  }
  for (const std::string& text : args.values("sysctl")) {
    auto sysctl = ParseSysctl(text);
    if (!sysctl) return Wrong("sysctl", text, "expected NAME=VALUE, as net.ipv4.ip_forward=1");
    spec.sysctls[std::move(sysctl->first)] = std::move(sysctl->second);
  }
  PELAGOS_RETURN_IF_ERROR(ApplyCapabilities(args, spec));
  spec.ambient_capabilities = args.has("cap-ambient");
  if (args.has("privileged")) {
    spec.privileged = true;
    spec.no_new_privileges = false;
    spec.seccomp.profile = SeccompProfile::kUnconfined;
  }
  // Devices may have brought some already.
  for (std::string& group : args.values("group-add")) spec.groups.push_back(std::move(group));
  for (const std::string& group : spec.groups) {
    if (group.empty()) return Wrong("group-add", group, "expected a group's name or number");
  }
  spec.domainname = args.value("domainname");
  if (args.has("umask")) {
    const std::string text = args.value("umask");
    const std::optional<uint32_t> mode = ParseOctal(text, 0777);
    if (!mode) return Wrong("umask", text, "expected an octal mode such as 0027");
    spec.umask = *mode;
  }
  return absl::OkStatus();
}

}  // namespace pelagos::cli
