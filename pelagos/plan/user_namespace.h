// What differs for a container in a user namespace: what the kernel mounts only for who owns the
// other namespaces too, devices, and ids that must be mapped.
//
// Source: user_namespaces(7), mount_namespaces(7); the kernel's FS_USERNS_MOUNT and
// mount_too_revealing().
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/plan/op.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/policy/namespace_set.h"

namespace pelagos {

inline bool IsInUserNamespace(const PlanInputs& in) { return in.facts.in_user_namespace; }

// The ids that the container's processes can have; null: every one.
inline const IdMap* MappedIds(const PlanInputs& in) {
  return in.facts.rootless ? &in.facts.rootless->ids : nullptr;
}

namespace rules {

inline void IdsAreMapped(const PlanInputs& in, Diagnostics& diags) {
  const IdMap* ids = MappedIds(in);
  if (ids == nullptr) return;
  const auto check = [&](const IdMapRanges& ranges, const char* kind, const char* option,
                         uint32_t id) {
    if (HostIdOf(ranges, id)) return;
    diags.Error(in.spec.spans.Find(option),
                absl::StrCat(kind, " ", id, " is not mapped: the container's user namespace has ",
                             IdMapText(ranges), " (inside:host:count)"),
                in.facts.rootless ? in.facts.rootless->note : "");
  };
  check(ids->uids, "user id", "user", in.user.uid);
  check(ids->gids, "group id", "user", in.user.gid);
  for (uint32_t group : in.user.groups) check(ids->gids, "group id", "group-add", group);
  if (in.facts.rootless && !in.facts.rootless->may_set_groups && !in.user.groups.empty()) {
    diags.Error(in.spec.spans.Find("group-add"),
                "supplementary groups cannot be set: with one mapped id setgroups(2) is denied",
                in.facts.rootless->note);
  }
}

// Interfaces on a bridge of the host, ports of it: only root makes them.
inline void NetworkIsAllowed(const PlanInputs& in, Diagnostics& diags) {
  if (!in.facts.rootless || in.spec.net.mode != NetMode::kBridge) return;
  diags.Error(in.spec.spans.Find("network"),
              "networks need root: an ordinary user's container has none, or the host's");
}

}  // namespace rules

// After the steps are planned as for root.
inline void AdaptToUserNamespace(const PlanInputs& in, NamespaceSet namespaces,
                                 std::vector<Op>& ops) {
  if (!IsInUserNamespace(in)) return;
  constexpr uint64_t kInert = kMountNoSuid | kMountNoDev | kMountNoExec;
  for (Op& op : ops) {
    if (auto* root = std::get_if<MountOverlayRoot>(&op)) root->user_xattrs = true;
    if (auto* device = std::get_if<MakeDevice>(&op)) device->bound = true;
    auto* mount = std::get_if<MountFilesystem>(&op);
    if (mount == nullptr) continue;
    if (mount->type == "devpts") {
      // The group tty, where there is one.
      const IdMap* ids = MappedIds(in);
      if (ids != nullptr && !HostIdOf(ids->gids, 5)) {
        mount->data = absl::StrReplaceAll(mount->data, {{",gid=5", ""}});
      }
    } else if (mount->type == "sysfs" && !namespaces.contains(Namespace::kNet)) {
      BindMount host = {"/sys", "/sys", (mount->flags & kMountReadOnly) != 0};
      host.flags = kInert;
      op = host;
    } else if (mount->type == "proc" && !namespaces.contains(Namespace::kPid)) {
      BindMount host = {"/proc", "/proc", false};
      host.flags = kInert;
      op = host;
    }
  }
}

// None is about what was named: limits that this user cannot have are errors.
inline std::vector<PlanNote> UserNamespaceNotes(const PlanInputs& in) {
  if (!in.facts.rootless) return {};
  const RootlessFacts& rootless = *in.facts.rootless;
  std::vector<PlanNote> notes = {
      {absl::StrCat("run by an ordinary user in its own user namespace: user ids ",
                    IdMapText(rootless.ids.uids), "; group ids ", IdMapText(rootless.ids.gids),
                    " (inside:host:count)"),
       false}};
  if (!rootless.note.empty()) notes.push_back({rootless.note, false});
  if (!in.facts.cgroups.usable) {
    notes.push_back({"no cgroup of its own: this user may not make any", false});
  }
  if (in.spec.privileged) {
    notes.push_back({"no devices of the host: this user may not make them", false});
  }
  return notes;
}

}  // namespace pelagos
