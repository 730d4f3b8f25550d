#include "pelagos/cli/run_mounts.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

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

bool HasTarget(const MountPlan& mounts, const std::string& target) {
  return std::any_of(mounts.mounts().begin(), mounts.mounts().end(),
                     [&target](const Mount& mount) { return mount.target == target; });
}

// Folders and volumes, but for those at whose places is something already.
absl::Status ApplyVolumesFrom(const Arguments& args, const Caller& caller, ContainerSpec& spec) {
  for (const std::string& text : args.values("volumes-from")) {
    const size_t colon = text.find(':');
    const std::string name = text.substr(0, colon);
    const std::string mode = colon == std::string::npos ? "rw" : text.substr(colon + 1);
    const auto wrong = [&text](absl::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat("--volumes-from '", text, "': ", what));
    };
    if (name.empty() || (mode != "rw" && mode != "ro")) {
      return wrong("expected CONTAINER, CONTAINER:ro or CONTAINER:rw");
    }
    if (caller.container == nullptr) return wrong("other containers are not known here");
    const absl::StatusOr<ContainerSpec> other = caller.container(name);
    if (!other.ok()) return wrong(other.status().message());
    for (Mount mount : other->mounts.mounts()) {
      if (mount.kind == MountKind::kTmpfs || HasTarget(spec.mounts, mount.target)) continue;
      mount.read_only = mount.read_only || mode == "ro";
      mount.options.own = false;  // it stays the other's
      spec.mounts.push_back(std::move(mount));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Flag> MountFlags() {
  return {
      {"volume", 'v', "[SOURCE:]TARGET[:OPTIONS]",
       "a folder or volume: ./data:/data:ro, db:/var/db; /data: one of the container's own"},
      {"mount", 0, "KEY=VALUE,...", "type=bind|volume|tmpfs,source=,target=,readonly,..."},
      {"tmpfs", 0, "TARGET[:OPTIONS]", "an empty file system in memory: /tmp:size=64m,mode=1777"},
      {"bind", 0, "SOURCE:TARGET", "a folder or file of the host: ./data:/data"},
      {"bind-ro", 0, "SOURCE:TARGET", "the same, read-only"},
      {"volumes-from", 0, "CONTAINER[:ro]",
       "what another container has mounted, at the same places"},
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
  PELAGOS_RETURN_IF_ERROR(ApplyVolumesFrom(args, caller, spec));
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
