#include "pelagos/cli/run_namespaces.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
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

absl::Status ApplyNetwork(const Arguments& args, ContainerSpec& spec) {
  if (!args.has("network")) return absl::OkStatus();
  const std::string text = args.value("network");
  if (text == "none") return absl::OkStatus();
  const std::optional<NamespaceMode> mode = ParseNamespaceMode(text);
  if (!mode || mode->origin == NamespaceOrigin::kOwn) {
    return absl::InvalidArgumentError(
        absl::StrCat("--network '", text, "': expected none, host or ns:/PATH"));
  }
  if (mode->origin == NamespaceOrigin::kHost) {
    spec.net.mode = NetMode::kHost;
    return absl::OkStatus();
  }
  spec.namespaces.erase(Namespace::kNet);
  spec.joins.push_back({Namespace::kNet, mode->path});
  return absl::OkStatus();
}

}  // namespace

std::vector<Flag> NamespacesFlags() {
  return {
      {"pid", 0, "MODE", "private, host, or ns:PATH of a pid namespace"},
      {"ipc", 0, "MODE", "private, host, or ns:PATH of an ipc namespace"},
      {"uts", 0, "MODE", "private, host, or ns:PATH of a uts namespace"},
      {"cgroupns", 0, "MODE", "private, host, or ns:PATH of a cgroup namespace"},
      {"network", 0, "MODE", "none (default), host, or ns:PATH of a network namespace"},
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
  PELAGOS_RETURN_IF_ERROR(ApplyNetwork(args, spec));
  spec.init = args.has("init");
  return absl::OkStatus();
}

}  // namespace pelagos::cli
