#include "pelagos/cli/run_userns.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/id_pool.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/policy/namespace_join.h"
#include "pelagos/sys/subordinate_ids.h"

namespace pelagos::cli {
namespace {

absl::Status Mistake(absl::string_view flag, absl::string_view value, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, " '", value, "': ", expected));
}

absl::StatusOr<IdMapRanges> RangesFrom(const Arguments& args, absl::string_view flag) {
  IdMapRanges ranges;
  for (const std::string& text : args.values(flag)) {
    const std::optional<IdMapRange> range = ParseIdMapRange(text);
    if (!range) return Mistake(flag, text, "expected CONTAINER:HOST[:COUNT], three numbers");
    ranges.push_back(*range);
    if (const absl::string_view problem = RangesProblem(ranges); !problem.empty()) {
      return Mistake(flag, text, absl::StrCat("the map ", problem));
    }
  }
  return ranges;
}

// All that the file gives to the name, from container id 0 on.
absl::StatusOr<IdMapRanges> RangesOf(absl::string_view flag, const std::string& name,
                                     const std::vector<sys::SubordinateRange>& subordinate) {
  IdMapRanges ranges;
  uint32_t next = 0;
  for (const sys::SubordinateRange& range : subordinate) {
    if (range.count > kNoId - next) break;
    ranges.push_back({next, range.first, range.count});
    next += range.count;
  }
  if (ranges.empty()) {
    return Mistake(
        flag, name,
        absl::StrCat("/etc/", flag.substr(0, sizeof("subuid") - 1), " has no range for this name"));
  }
  return ranges;
}

absl::StatusOr<IdMap> MapFrom(const Arguments& args) {
  IdMap map;
  PELAGOS_ASSIGN_OR_RETURN(map.uids, RangesFrom(args, "uidmap"));
  PELAGOS_ASSIGN_OR_RETURN(map.gids, RangesFrom(args, "gidmap"));
  for (const bool users : {true, false}) {
    const absl::string_view flag = users ? "subuidname" : "subgidname";
    if (!args.has(flag)) continue;
    IdMapRanges& ranges = users ? map.uids : map.gids;
    if (!ranges.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", flag, " and --", users ? "uidmap" : "gidmap", " exclude each other"));
    }
    const std::string name = args.value(flag);
    PELAGOS_ASSIGN_OR_RETURN(const sys::SubordinateIds ids, sys::ReadSubordinateIds(name, kNoId));
    PELAGOS_ASSIGN_OR_RETURN(ranges, RangesOf(flag, name, users ? ids.uids : ids.gids));
  }
  // One alone is for both.
  if (map.gids.empty()) map.gids = map.uids;
  if (map.uids.empty()) map.uids = map.gids;
  return map;
}

uint32_t CountOf(const IdMapRanges& ranges) {
  uint32_t count = 0;
  for (const IdMapRange& range : ranges) count += range.count;
  return count;
}

// "keep-id", "keep-id:uid=1000,gid=1000"
absl::Status KeepId(absl::string_view text, const std::optional<RootlessFacts>& rootless,
                    ContainerSpec& spec) {
  constexpr char kExpected[] = "expected keep-id[:uid=UID,gid=GID]";
  if (!rootless) {
    return Mistake("userns", text, "root's own id is 0; this is for ordinary users");
  }
  uint32_t uid = rootless->ids.uids[0].host, gid = rootless->ids.gids[0].host;
  absl::string_view options = text;
  absl::ConsumePrefix(&options, "keep-id");
  if (absl::ConsumePrefix(&options, ":")) {
    for (absl::string_view option : absl::StrSplit(options, ',')) {
      uint32_t* id = absl::ConsumePrefix(&option, "uid=")   ? &uid
                     : absl::ConsumePrefix(&option, "gid=") ? &gid
                                                            : nullptr;
      if (id == nullptr || option.find_first_not_of("0123456789") != absl::string_view::npos ||
          !absl::SimpleAtoi(option, id) || *id == kNoId) {
        return Mistake("userns", text, kExpected);
      }
    }
  }
  spec.ids = {KeepIdRanges(uid, CountOf(rootless->ids.uids)),
              KeepIdRanges(gid, CountOf(rootless->ids.gids))};
  spec.namespaces.insert(Namespace::kUser);
  if (spec.user.empty()) spec.user = absl::StrCat(uid, ":", gid);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<uint32_t>> AutoIdsFrom(const Arguments& args) {
  const std::string text = args.value("userns");
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "auto") || (!rest.empty() && rest[0] != ':')) {
    return std::optional<uint32_t>();
  }
  uint32_t count = container::kAutoIds;
  if (absl::ConsumePrefix(&rest, ":") &&
      (!absl::ConsumePrefix(&rest, "size=") || !absl::SimpleAtoi(rest, &count) || count == 0)) {
    return Mistake("userns", text, "expected auto[:size=COUNT]");
  }
  return std::optional<uint32_t>(count);
}

std::vector<Flag> UsernsFlags() {
  return {
      {"userns", 0, "MODE",
       "host (default), private, auto, keep-id, container:NAME, or ns:/proc/PID/ns/user"},
      {"uidmap", 0, "CONTAINER:HOST[:COUNT]", "whose ids of the host the container's users have"},
      {"gidmap", 0, "CONTAINER:HOST[:COUNT]", "the same of groups (default: as the users)"},
      {"subuidname", 0, "NAME", "as --uidmap, with the ranges of the name in /etc/subuid"},
      {"subgidname", 0, "NAME", "as --gidmap, with the ranges of the name in /etc/subgid"},
  };
}

absl::Status ApplyUserns(const Arguments& args, const std::optional<RootlessFacts>& rootless,
                         ContainerSpec& spec) {
  PELAGOS_ASSIGN_OR_RETURN(IdMap map, MapFrom(args));
  if (!args.has("userns") && map.empty()) return absl::OkStatus();
  const std::string text = args.value("userns", "private");
  const bool keeps = text == "keep-id" || absl::StartsWith(text, "keep-id:");
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<uint32_t> automatic, AutoIdsFrom(args));
  const bool is_auto = automatic.has_value();
  if (is_auto && rootless) {
    return Mistake("userns", text, "this is for root; an ordinary user has its ranges anyway");
  }
  const std::optional<NamespaceMode> mode =
      keeps || is_auto ? NamespaceMode{} : ParseNamespaceMode(text);
  if (!mode) {
    return Mistake("userns", text,
                   "expected host, private, auto, keep-id, container:NAME or ns:/proc/PID/ns/user");
  }
  if (!map.empty() && (keeps || is_auto || mode->origin != NamespaceOrigin::kOwn)) {
    return Mistake("userns", text, "has its ids already: leave the maps out");
  }
  if (keeps) return KeepId(text, rootless, spec);
  if (is_auto) {
    spec.namespaces.insert(Namespace::kUser);
    return absl::OkStatus();
  }
  switch (mode->origin) {
    case NamespaceOrigin::kHost:
      return absl::OkStatus();
    case NamespaceOrigin::kJoined:
      spec.joins.push_back({Namespace::kUser, mode->path, mode->container});
      return absl::OkStatus();
    case NamespaceOrigin::kOwn:
      break;
  }
  if (map.empty()) {
    return Mistake("userns", text, "needs --uidmap or --subuidname: which ids it is to have");
  }
  spec.ids = std::move(map);
  spec.namespaces.insert(Namespace::kUser);
  return absl::OkStatus();
}

}  // namespace pelagos::cli
