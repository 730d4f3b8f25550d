#include "pelagos/cli/run_mounts.h"

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/policy/mount_text.h"

namespace pelagos::cli {
namespace {

struct MountFlag {
  const char* name;
  absl::StatusOr<Mount> (*parse)(absl::string_view text);
};

constexpr MountFlag kMountFlagRows[] = {
    {"volume", ParseVolumeFlag}, {"mount", ParseMountFlag},          {"tmpfs", ParseTmpfsFlag},
    {"bind", ParseBindFlag},     {"bind-ro", ParseReadOnlyBindFlag},
};

}  // namespace

std::vector<Flag> MountFlags() {
  return {
      {"volume", 'v', "SOURCE:TARGET[:OPTIONS]", "a folder or volume: ./data:/data:ro, db:/var/db"},
      {"mount", 0, "KEY=VALUE,...", "type=bind|volume|tmpfs,source=,target=,readonly,..."},
      {"tmpfs", 0, "TARGET[:OPTIONS]", "an empty file system in memory: /tmp:size=64m,mode=1777"},
      {"bind", 0, "SOURCE:TARGET", "a folder or file of the host: ./data:/data"},
      {"bind-ro", 0, "SOURCE:TARGET", "the same, read-only"},
      {"shm-size", 0, "SIZE", "size of /dev/shm (default: 64m)"},
  };
}

absl::Status ApplyMounts(const Arguments& args, const Caller& caller, ContainerSpec& spec) {
  for (const MountFlag& row : kMountFlagRows) {
    for (const std::string& text : args.values(row.name)) {
      absl::StatusOr<Mount> mount = row.parse(text);
      if (!mount.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("--", row.name, " '", text, "': ", mount.status().message()));
      }
      if (mount->kind == MountKind::kBind) {
        PELAGOS_ASSIGN_OR_RETURN(mount->source, AbsolutePath(caller, mount->source));
      }
      spec.mounts.push_back(*std::move(mount));
    }
  }
  if (args.has("shm-size")) {
    const std::optional<uint64_t> bytes = ParseByteSize(args.value("shm-size"));
    constexpr uint64_t kLeast = 1024;  // it is given to the kernel in KiB
    if (!bytes || *bytes < kLeast) {
      return absl::InvalidArgumentError(
          absl::StrCat("--shm-size '", args.value("shm-size"), "': expected a size such as 128m"));
    }
    spec.shm_bytes = *bytes;
  }
  return absl::OkStatus();
}

}  // namespace pelagos::cli
