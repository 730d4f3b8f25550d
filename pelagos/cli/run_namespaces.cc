#include "pelagos/cli/run_namespaces.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/policy/namespace_join.h"

namespace pelagos::cli {
namespace {

struct NamespaceFlag {
  absl::string_view name;
  Namespace kind;
};

constexpr NamespaceFlag kNamespaceFlags[] = {
    {"pid", Namespace::kPid},
    {"ipc", Namespace::kIpc},
    {"uts", Namespace::kUts},
    {"cgroupns", Namespace::kCgroup},
};

}  // namespace

std::vector<Flag> NamespacesFlags() {
  return {
      {"pid", 0, "MODE", "private, host, or ns:PATH of a pid namespace"},
      {"ipc", 0, "MODE", "private, host, or ns:PATH of an ipc namespace"},
      {"uts", 0, "MODE", "private, host, or ns:PATH of a uts namespace"},
      {"cgroupns", 0, "MODE", "private, host, or ns:PATH of a cgroup namespace"},
      {"init", 0, "", "a first process that passes signals on and reaps orphans"},
  };
}

absl::Status ApplyNamespaces(const Arguments& args, ContainerSpec& spec) {
  for (const NamespaceFlag& flag : kNamespaceFlags) {
    if (!args.has(flag.name)) continue;
    const std::string text = args.value(flag.name);
    const std::optional<NamespaceMode> mode = ParseNamespaceMode(text);
    if (!mode) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", flag.name, " '", text, "': expected private, host or ns:/PATH"));
    }
    if (mode->origin == NamespaceOrigin::kOwn) continue;
    spec.namespaces.erase(flag.kind);
    if (mode->origin == NamespaceOrigin::kJoined) spec.joins.push_back({flag.kind, mode->path});
    if (flag.kind == Namespace::kUts && !spec.hostname.empty()) {
      return absl::InvalidArgumentError(
          "--hostname needs a uts namespace of its own: leave --uts out");
    }
  }
  spec.init = args.has("init");
  return absl::OkStatus();
}

}  // namespace pelagos::cli
