#include "pelagos/container/rootless.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/peer.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/sys/enter_user_namespace.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/subordinate_ids.h"

namespace pelagos::container {
namespace {

absl::StatusOr<bool> IsRoot(const sys::SelfStatus* self) {
  sys::SelfStatus read;
  if (self == nullptr) {
    PELAGOS_ASSIGN_OR_RETURN(read, sys::ReadSelfStatus());
    self = &read;
  }
  return self->uids[1] == 0 &&
         CapabilitySet::FromBits(self->permitted).contains(Capability::kSysAdmin);
}

// "" if it is not there.
std::string FindProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (absl::string_view folder :
       absl::StrSplit(path != nullptr ? path : "/usr/bin:/bin", ':', absl::SkipEmpty())) {
    std::string file = absl::StrCat(folder, "/", name);
    if (file[0] == '/' && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

IdMapRanges RangesOf(uint32_t caller, const std::vector<sys::SubordinateRange>& subordinate) {
  IdMapRanges ranges = {{0, caller, 1}};
  uint32_t next = 1;
  for (const sys::SubordinateRange& range : subordinate) {
    if (ranges.size() == kMostIdMapRanges || range.count > kNoId - next) break;
    ranges.push_back({next, range.first, range.count});
    next += range.count;
  }
  return ranges;
}

// The setting that keeps ordinary users from user namespaces, as far as it can be found.
std::string WhyNoUserNamespace() {
  struct Setting {
    const char *path, *value, *words;
  };
  constexpr Setting kSettings[] = {
      {"/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0"},
      {"/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"},
      {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
       "kernel.apparmor_restrict_unprivileged_userns is 1"},
  };
  for (const Setting& setting : kSettings) {
    const absl::StatusOr<std::string> text = sys::ReadFile(setting.path, 64);
    if (text.ok() && absl::StripSuffix(*text, "\n") == setting.value) return setting.words;
  }
  return ::access("/proc/self/ns/user", F_OK) != 0 ? "the kernel has no user namespaces" : "";
}

absl::Status CheckRunRoot(const std::string& path) {
  struct stat info = {};
  // Others may have made it first, where all may: what is checked is what is there, not what a
  // link names.
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(path, 0700));
  if (::lstat(path.c_str(), &info) != 0) return ErrnoStatus(errno, "stat", path);
  if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", path, "', where containers' state belongs, must be a folder of user ",
                     ::geteuid(), " with mode 0700"));
  }
  return absl::OkStatus();
}

absl::Status Enter(const RootlessFacts& facts) {
  sys::NewIds ids = {"", "", IdMapFileText(facts.ids.uids), IdMapFileText(facts.ids.gids)};
  if (facts.may_set_groups) {
    ids.newuidmap = FindProgram("newuidmap");
    ids.newgidmap = FindProgram("newgidmap");
  }
  const absl::Status entered = sys::EnterUserNamespace(ids);
  if (entered.ok()) return absl::OkStatus();
  const std::string why = WhyNoUserNamespace();
  return absl::FailedPreconditionError(absl::StrCat(
      "containers of ordinary users need user namespaces, and ",
      why.empty() ? std::string(entered.message()) : absl::StrCat("this host allows none: ", why)));
}

}  // namespace

absl::StatusOr<std::optional<RootlessFacts>> PlanRootless(const sys::SelfStatus* self) {
  PELAGOS_ASSIGN_OR_RETURN(const bool root, IsRoot(self));
  if (root) return std::optional<RootlessFacts>();
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  RootlessFacts facts;
  facts.ids = {{{0, uid, 1}}, {{0, gid, 1}}};
  facts.may_set_groups = false;
  PELAGOS_ASSIGN_OR_RETURN(const std::string name, sys::UserName(uid));
  PELAGOS_ASSIGN_OR_RETURN(const sys::SubordinateIds ids, sys::ReadSubordinateIds(name, uid));
  const std::string who = name.empty() ? absl::StrCat("user ", uid) : absl::StrCat("'", name, "'");
  if (ids.uids.empty() || ids.gids.empty()) {
    facts.note =
        absl::StrCat("one id only: /etc/sub", ids.uids.empty() ? "u" : "g", "id has no range for ",
                     who, "; usermod(8), --add-subuids and --add-subgids, gives one");
  } else if (FindProgram("newuidmap").empty() || FindProgram("newgidmap").empty()) {
    facts.note =
        "one id only: newuidmap and newgidmap are not in PATH (on Debian, the package uidmap)";
  } else {
    facts.ids = {RangesOf(uid, ids.uids), RangesOf(gid, ids.gids)};
    facts.may_set_groups = true;
    if (const absl::string_view problem = IdMapProblem(facts.ids); !problem.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("what /etc/subuid and /etc/subgid give ", who, " ", problem));
    }
  }
  return std::optional<RootlessFacts>(std::move(facts));
}

absl::Status EnterRootless(const store::Roots& roots, const NamespaceJoins& joins,
                           RootlessFacts& facts) {
  PELAGOS_RETURN_IF_ERROR(CheckRunRoot(roots.run));
  for (const NamespaceJoin& join : joins) {
    if (join.container.empty()) continue;
    PELAGOS_ASSIGN_OR_RETURN(const Peer peer, Peer::Find(roots, join.container));
    PELAGOS_ASSIGN_OR_RETURN(const Fd users, peer.OpenRuntimesUserNamespace());
    PELAGOS_RETURN_IF_ERROR(sys::JoinUserNamespace(users), "container '", join.container, "'");
    PELAGOS_ASSIGN_OR_RETURN(facts.ids, ReadIdMap("/proc/self/ns/user"));
    return absl::OkStatus();
  }
  return Enter(facts);
}

absl::Status EnterForBundles() {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<RootlessFacts> facts, PlanRootless());
  if (!facts) return absl::OkStatus();
  for (IdMapRanges* ranges : {&facts->ids.uids, &facts->ids.gids}) {
    for (IdMapRange& range : *ranges) range.inside = range.host;
  }
  return Enter(*facts);
}

// Beside the own one first: a cgroup that holds processes cannot hand controllers down.
absl::Status FindDelegatedCgroup(CgroupLayout& layout) {
  layout.v1_mounts.clear();
  layout.v2_controllers.clear();
  layout.usable = false;
  if (layout.v2_mount.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile("/proc/self/cgroup", 65536));
  std::string own;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, "0::")) own = line == "/" ? "" : std::string(line);
  }
  for (const std::string& folder : {own.substr(0, own.rfind('/') + 1), own}) {
    const std::string path = absl::StrCat(layout.v2_mount, folder);
    if (::access(path.c_str(), W_OK) != 0 ||
        ::access((path + "/cgroup.procs").c_str(), W_OK) != 0) {
      continue;
    }
    layout.usable = true;
    layout.v2_own = std::string(absl::StripSuffix(folder, "/"));
    PELAGOS_ASSIGN_OR_RETURN(const std::string controllers,
                             sys::ReadFile(path + "/cgroup.controllers", 4096));
    for (absl::string_view name :
         absl::StrSplit(absl::StripAsciiWhitespace(controllers), ' ', absl::SkipEmpty())) {
      if (const auto found = FindCgroupController(name)) layout.v2_controllers.push_back(*found);
    }
    break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<RootlessFacts>> EnterIfRootless(const store::Roots& roots,
                                                             const sys::SelfStatus* self) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<RootlessFacts> facts, PlanRootless(self));
  if (!facts) return facts;
  PELAGOS_RETURN_IF_ERROR(EnterRootless(roots, {}, *facts));
  return facts;
}

}  // namespace pelagos::container
