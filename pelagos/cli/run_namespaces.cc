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
  absl::string_view host = "";  // a flag that says MODE is host, or ""
};

constexpr NamespaceFlag kNamespaceFlags[] = {
    {"pid", Namespace::kPid, "no-pid-ns"},
    {"ipc", Namespace::kIpc, "no-ipc-ns"},
    {"uts", Namespace::kUts},
    {"cgroupns", Namespace::kCgroup},
};

absl::Status ApplyTimeOffsets(const Arguments& args, ContainerSpec& spec) {
  for (const std::string& text : args.values("time-offset")) {
    const size_t equals = text.find('=');
    const absl::string_view clock = absl::string_view(text).substr(0, equals);
    std::optional<TimeOffset>* offset = clock == "monotonic"  ? &spec.time.monotonic
                                        : clock == "boottime" ? &spec.time.boottime
                                                              : nullptr;
    if (offset != nullptr && equals != std::string::npos) {
      *offset = ParseTimeOffset(absl::string_view(text).substr(equals + 1));
    }
    if (offset == nullptr || !*offset) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--time-offset '", text,
          "': expected monotonic=TIME or boottime=TIME, TIME a number with s, m, h or d behind it, "
          "as -1.5h, of at most 4611686018 seconds"));
    }
    spec.namespaces.insert(Namespace::kTime);
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Flag> NamespacesFlags() {
  return {
      {"pid", 0, "MODE", "private, host, container:NAME, or ns:PATH of a pid namespace"},
      {"ipc", 0, "MODE", "private, host, container:NAME, or ns:PATH of an ipc namespace"},
      {"uts", 0, "MODE", "private, host, container:NAME, or ns:PATH of a uts namespace"},
      {"cgroupns", 0, "MODE", "private, host, container:NAME, or ns:PATH of a cgroup namespace"},
      {"time-offset", 0, "CLOCK=TIME",
       "own clocks: monotonic or boottime, so far from the host's (3600, -1.5h)"},
      {"no-pid-ns", 0, "", "the same as --pid=host"},
      {"no-ipc-ns", 0, "", "the same as --ipc=host"},
      {"init", 0, "", "a first process that passes signals on and reaps orphans"},
  };
}

absl::Status ApplyNamespaces(const Arguments& args, ContainerSpec& spec) {
  for (const NamespaceFlag& flag : kNamespaceFlags) {
    const bool of_host = !flag.host.empty() && args.has(flag.host);
    if (!of_host && !args.has(flag.name)) continue;
    const std::string text = args.value(flag.name, "host");
    if (of_host && text != "host") {
      return absl::InvalidArgumentError(
          absl::StrCat("--", flag.host, " is --", flag.name, "=host: leave out one of them"));
    }
    const std::optional<NamespaceMode> mode = ParseNamespaceMode(text);
    if (!mode) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--", flag.name, " '", text, "': expected private, host, container:NAME or ns:/PATH"));
    }
    if (mode->origin == NamespaceOrigin::kOwn) continue;
    spec.namespaces.erase(flag.kind);
    if (mode->origin == NamespaceOrigin::kJoined)
      spec.joins.push_back({flag.kind, mode->path, mode->container});
    if (flag.kind == Namespace::kUts && !spec.hostname.empty()) {
      return absl::InvalidArgumentError(
          "--hostname needs a uts namespace of its own: leave --uts out");
    }
  }
  PELAGOS_RETURN_IF_ERROR(ApplyTimeOffsets(args, spec));
  spec.init = args.has("init");
  return absl::OkStatus();
}

}  // namespace pelagos::cli
