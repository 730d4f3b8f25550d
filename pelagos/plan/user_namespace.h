// What differs for a container in a user namespace, the launcher's or one of its own: what the
// kernel mounts only for who owns the other namespaces too, devices, and ids that must be mapped.
//
// Source: user_namespaces(7), mount_namespaces(7); the kernel's FS_USERNS_MOUNT and
// mount_too_revealing().
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
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

inline bool JoinsPidNamespace(const ContainerSpec& spec) {
  return std::any_of(spec.joins.begin(), spec.joins.end(),
                     [](const NamespaceJoin& join) { return join.kind == Namespace::kPid; });
}

// A user namespace beside the launcher's: of the container's own, or one that it joins.
inline bool HasUserNamespace(const ContainerSpec& spec) {
  if (spec.namespaces.contains(Namespace::kUser)) return true;
  return std::any_of(spec.joins.begin(), spec.joins.end(),
                     [](const NamespaceJoin& join) { return join.kind == Namespace::kUser; });
}

inline bool IsInUserNamespace(const PlanInputs& in) {
  return in.facts.in_user_namespace || HasUserNamespace(in.spec);
}

// The ids of that user namespace; empty if there is none.
inline IdMap OwnIds(const PlanInputs& in) {
  if (in.spec.namespaces.contains(Namespace::kUser)) return in.spec.ids;
  return HasUserNamespace(in.spec) ? in.facts.joined_ids : IdMap{};
}

// The ids that the container's processes can have; empty: every one.
inline IdMap MappedIds(const PlanInputs& in) {
  if (HasUserNamespace(in.spec)) return OwnIds(in);
  return in.facts.rootless ? in.facts.rootless->ids : IdMap{};
}

// What maps the owners of layers and volumes, so that they are inside what they are on disk. The
// kernel does it for root alone; what an ordinary user owns is its own in every namespace.
inline MountIdMap OwnersMap(const PlanInputs& in) {
  MountIdMap map;
  if (in.facts.rootless) return map;
  const IdMap ids = OwnIds(in);
  for (const IdMapRange& id : ids.uids) map.uids.push_back({id.inside, id.host, id.count});
  for (const IdMapRange& id : ids.gids) map.gids.push_back({id.inside, id.host, id.count});
  return map;
}

namespace rules {

inline void UserNamespaceIsUsable(const PlanInputs& in, Diagnostics& diags) {
  const bool own = in.spec.namespaces.contains(Namespace::kUser);
  const Span span = in.spec.spans.Find("userns");
  if (own != !in.spec.ids.empty()) {
    diags.Error(span, own ? "a user namespace of its own needs an id map"
                          : "an id map needs a user namespace of its own");
    return;
  }
  if (!HasUserNamespace(in.spec)) return;
  const IdMap ids = OwnIds(in);
  if (ids.empty()) {
    diags.Error(span, "the ids of the user namespace to join are not known");
    return;
  }
  if (const absl::string_view problem = IdMapProblem(ids); !problem.empty()) {
    diags.Error(span, absl::StrCat("the id map ", problem));
    return;
  }
  if (!HostIdOf(ids.uids, 0) || !HostIdOf(ids.gids, 0)) {
    diags.Error(span, "the id map needs user and group 0, whose the container's files are");
  }
  if (own && in.facts.rootless) {
    const auto check = [&](const IdMapRanges& ranges, const IdMapRanges& above, const char* kind) {
      for (const IdMapRange& range : ranges) {
        for (uint64_t id : {uint64_t{range.host}, uint64_t{range.host} + range.count - 1}) {
          if (HostIdOf(above, static_cast<uint32_t>(id))) continue;
          diags.Error(span,
                      absl::StrCat("the id map has the ", kind, " ", id,
                                   ", which this user's ranges do not: they are ", IdMapText(above),
                                   " (inside:host:count)"),
                      in.facts.rootless->note);
          return;
        }
      }
    };
    check(ids.uids, in.facts.rootless->ids.uids, "user id");
    check(ids.gids, in.facts.rootless->ids.gids, "group id");
    if (in.spec.rootfs.empty()) {
      diags.Error(span,
                  "the owners of an image's files can be mapped for root alone: an ordinary user "
                  "can have an id map of its own only with a root folder",
                  "use --rootfs, or leave the id map out");
    }
  }
  // A new /proc shows the pid namespace to which the mounting process belongs.
  if (own && JoinsPidNamespace(in.spec)) {
    diags.Error(span,
                "a pid namespace cannot be joined from a user namespace of its own: its /proc "
                "could not be mounted",
                "join the user namespace too");
  }
}

inline void TimeOffsetsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  const Span span = in.spec.spans.Find("time-offset");
  if (in.spec.namespaces.contains(Namespace::kTime) == in.spec.time.empty()) {
    diags.Error(span, in.spec.time.empty() ? "a time namespace of its own needs an offset"
                                           : "offsets of clocks need a time namespace of its own");
  }
  for (const auto& [clock, offset] : {std::pair("monotonic", in.spec.time.monotonic),
                                      std::pair("boottime", in.spec.time.boottime)}) {
    if (!offset) continue;
    const absl::string_view problem = TimeOffsetProblem(*offset);
    if (!problem.empty()) diags.Error(span, absl::StrCat("the offset of ", clock, " ", problem));
  }
}

inline void IdsAreMapped(const PlanInputs& in, Diagnostics& diags) {
  const IdMap ids = MappedIds(in);
  if (ids.empty()) return;
  const std::string hint =
      in.facts.rootless && !HasUserNamespace(in.spec) ? in.facts.rootless->note : "";
  const auto check = [&](const IdMapRanges& ranges, const char* kind, const char* option,
                         uint32_t id) {
    if (HostIdOf(ranges, id)) return;
    diags.Error(in.spec.spans.Find(option),
                absl::StrCat(kind, " ", id, " is not mapped: the container's user namespace has ",
                             IdMapText(ranges), " (inside:host:count)"),
                hint);
  };
  check(ids.uids, "user id", "user", in.user.uid);
  check(ids.gids, "group id", "user", in.user.gid);
  for (uint32_t group : in.user.groups) check(ids.gids, "group id", "group-add", group);
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

// The host's /sys holds its mount of cgroup2 where the container's own is to be; the kernel mounts
// no file system on a mount of the same (EBUSY, mount(2)): something else comes between.
inline void SeparateCgroupMounts(std::vector<Op>& ops) {
  const auto is_sys = [](const Op& op) {
    const auto* bind = std::get_if<BindMount>(&op);
    return bind != nullptr && bind->source == "/sys" && bind->target == "/sys";
  };
  const auto is_cgroup2 = [](const Op& op) {
    const auto* mount = std::get_if<MountFilesystem>(&op);
    return mount != nullptr && mount->type == "cgroup2";
  };
  const auto sys = std::find_if(ops.begin(), ops.end(), is_sys);
  const auto own = std::find_if(sys, ops.end(), is_cgroup2);
  if (own == ops.end()) return;
  const auto& mount = std::get<MountFilesystem>(*own);
  ops.insert(own, MountFilesystem{"tmpfs", "tmpfs", mount.target, mount.flags, "mode=755"});
}

// After the steps are planned as for root of the host.
inline void AdaptToUserNamespace(const PlanInputs& in, NamespaceSet namespaces,
                                 std::vector<Op>& ops) {
  if (!IsInUserNamespace(in)) return;
  constexpr uint64_t kInert = kMountNoSuid | kMountNoDev | kMountNoExec;
  constexpr uint32_t kTty = 5;
  const IdMap ids = MappedIds(in);
  const MountIdMap owners = OwnersMap(in);
  const std::string volumes = in.facts.data_root + "/volumes/";
  for (Op& op : ops) {
    if (auto* root = std::get_if<MountOverlayRoot>(&op)) {
      root->user_xattrs = in.facts.in_user_namespace;
      root->ids = owners;
    } else if (auto* device = std::get_if<MakeDevice>(&op)) {
      device->bound = true;
    } else if (auto* bind = std::get_if<BindMount>(&op)) {
      if (bind->ids.empty() && absl::StartsWith(bind->source, volumes)) bind->ids = owners;
    }
    auto* mount = std::get_if<MountFilesystem>(&op);
    if (mount == nullptr) continue;
    if (mount->type == "devpts" && !ids.empty() && !HostIdOf(ids.gids, kTty)) {
      mount->data = absl::StrReplaceAll(mount->data, {{",gid=5", ""}});
    } else if (mount->type == "sysfs" && !namespaces.contains(Namespace::kNet)) {
      BindMount host = {"/sys", "/sys", (mount->flags & kMountReadOnly) != 0};
      host.flags = kInert;
      op = host;
    } else if (mount->type == "proc" && !namespaces.contains(Namespace::kPid) &&
               !JoinsPidNamespace(in.spec)) {
      BindMount host = {"/proc", "/proc", false};
      host.flags = kInert;
      op = host;
    }
  }
  if (in.facts.cgroups.v2_mount == "/sys/fs/cgroup") SeparateCgroupMounts(ops);
  if (!HasUserNamespace(in.spec)) return;
  // What leads to the root is the caller's; what lies in it is the container's.
  const auto is_root = [](const Op& op) {
    return std::holds_alternative<MountOverlayRoot>(op) ||
           std::holds_alternative<MountBindRoot>(op);
  };
  const auto root = std::find_if(ops.begin(), ops.end(), is_root);
  if (root != ops.end()) ops.insert(root + 1, BecomeRoot{});
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
