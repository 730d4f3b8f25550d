// What the plan mounts at /proc, /dev and /sys, and what stands on it (ChildOp::ground).
#include <linux/mount.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/abi/kernel_path.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/flattener.h"

namespace pelagos::launch {
namespace {

struct GroundRow {
  Ground ground;
  const char *type, *target;
};
constexpr GroundRow kGroundRows[] = {{Ground::kProc, "proc", "/proc"},
                                     {Ground::kDev, "tmpfs", "/dev"},
                                     {Ground::kSys, "sysfs", "/sys"}};

// The kernel's own names below proc and sysfs, none of which is a link.
bool IsNameOfKernel(absl::string_view target) {
  const auto is = [&](const char* path) { return target == path; };
  return target == "/sys/fs/cgroup" ||
         std::any_of(std::begin(kMaskedPaths), std::end(kMaskedPaths), is) ||
         std::any_of(std::begin(kReadOnlyPaths), std::end(kReadOnlyPaths), is);
}

// MS_* of mount(2) as MOUNT_ATTR_*; nullopt for what is none.
std::optional<uint64_t> MountAttributes(uint64_t flags) {
  constexpr std::pair<uint64_t, uint64_t> kPairs[] = {{kMountReadOnly, MOUNT_ATTR_RDONLY},
                                                      {kMountNoSuid, MOUNT_ATTR_NOSUID},
                                                      {kMountNoDev, MOUNT_ATTR_NODEV},
                                                      {kMountNoExec, MOUNT_ATTR_NOEXEC},
                                                      {kMountStrictAtime, MOUNT_ATTR_STRICTATIME}};
  uint64_t attributes = 0;
  for (const auto& [flag, attribute] : kPairs) {
    if ((flags & flag) != 0) attributes |= attribute;
    flags &= ~flag;
  }
  return flags == 0 ? std::optional(attributes) : std::nullopt;
}

}  // namespace

absl::StatusOr<bool> Flattener::BecomeGround(const MountFilesystem& op) {
  const auto* row =
      std::find_if(std::begin(kGroundRows), std::end(kGroundRows),
                   [&](const auto& row) { return op.target == row.target && op.type == row.type; });
  const std::optional<uint64_t> attributes = MountAttributes(op.flags);
  // A quoted value may hold commas.
  if (row == std::end(kGroundRows) || !attributes || op.copy_up || op.keep_mode ||
      absl::StrContains(op.data, '"'))
    return false;
  op_->call = ChildCall::kGround;
  op_->ground = row->ground;
  auto& mount = op_->mount_ground;
  PELAGOS_ASSIGN_OR_RETURN(mount.target, Target(op.target));
  op_->below = mount.target + 1;
  PELAGOS_ASSIGN_OR_RETURN(mount.type, Text(op.type, "the type"));
  PELAGOS_ASSIGN_OR_RETURN(mount.source, Text(op.source, "the source"));
  const std::vector<std::string> options = absl::StrSplit(op.data, ',', absl::SkipEmpty());
  ChildOption* pairs = flat_.arena_.Array<ChildOption>(options.size());
  for (size_t i = 0; i < options.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(options[i], absl::MaxSplits('=', 1));
    PELAGOS_ASSIGN_OR_RETURN(pairs[i].key, Text(parts[0], "the option list"));
    if (parts.size() == 2) {
      PELAGOS_ASSIGN_OR_RETURN(pairs[i].value, Text(parts[1], "the option list"));
    }
  }
  mount.options = pairs;
  mount.option_count = options.size();
  mount.attributes = *attributes;
  has_ground_[static_cast<size_t>(row->ground)] = true;
  return true;
}

void Flattener::StandOnGround(absl::string_view target) {
  for (const GroundRow& row : kGroundRows) {
    absl::string_view name = target;
    if (!has_ground_[static_cast<size_t>(row.ground)] || !absl::ConsumePrefix(&name, row.target) ||
        !absl::ConsumePrefix(&name, "/") || name.empty()) {
      continue;
    }
    const bool ours = row.ground == Ground::kDev
                          ? !absl::StrContains(name, '/') && name != ".." && name != "."
                          : IsNameOfKernel(target);
    if (!ours) continue;
    op_->ground = row.ground;
    op_->below = flat_.arena_.Copy(name);
  }
}

}  // namespace pelagos::launch
