#include "pelagos/container/id_pool.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/peer.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/subordinate_ids.h"

namespace pelagos::container {
namespace internal {

std::optional<IdMapRange> FirstFree(const IdMapRanges& pool, const IdMapRanges& taken,
                                    uint32_t count) {
  for (const IdMapRange& range : pool) {
    const uint64_t end = uint64_t{range.host} + range.count;
    for (uint64_t first = range.host; first + count <= end;) {
      // The furthest end of what is in the way; none: it is free.
      uint64_t next = first;
      for (const IdMapRange& other : taken) {
        const uint64_t other_end = uint64_t{other.host} + other.count;
        if (other.host < first + count && first < other_end) next = std::max(next, other_end);
      }
      if (next == first) return IdMapRange{0, static_cast<uint32_t>(first), count};
      first = next;
    }
  }
  return std::nullopt;
}

}  // namespace internal

namespace {

// The maps of all that run in user namespaces.
absl::StatusOr<IdMap> Taken(const store::Roots& roots) {
  IdMap taken;
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(roots.Containers());
  if (FindErrno(names.status()) == ENOENT) return taken;
  PELAGOS_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    const absl::StatusOr<Peer> peer = Peer::Find(roots, name);
    if (!peer.ok()) continue;  // it does not run
    const absl::StatusOr<IdMap> map = peer->ReadIds();
    if (!map.ok()) continue;  // not any more
    // The host's own namespace has every id.
    if (map->uids.size() == 1 && map->uids[0].count == kNoId) continue;
    taken.uids.insert(taken.uids.end(), map->uids.begin(), map->uids.end());
    taken.gids.insert(taken.gids.end(), map->gids.begin(), map->gids.end());
  }
  return taken;
}

IdMapRanges PoolOf(const std::vector<sys::SubordinateRange>& ranges) {
  IdMapRanges pool;
  for (const sys::SubordinateRange& range : ranges) pool.push_back({0, range.first, range.count});
  return pool;
}

}  // namespace

absl::StatusOr<ChosenIds> ChooseIds(const store::Roots& roots, uint32_t count, IdUse use) {
  PELAGOS_ASSIGN_OR_RETURN(const sys::SubordinateIds ids,
                           sys::ReadSubordinateIds(kAutoName, kNoId));
  if (ids.uids.empty() || ids.gids.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("--userns auto: /etc/subuid and /etc/subgid have no range of the name '",
                     kAutoName, "', such as ", kAutoName, ":2147483647:2147483648"));
  }
  ChosenIds chosen;
  if (use == IdUse::kTake) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.run, 0700));
    PELAGOS_ASSIGN_OR_RETURN(chosen.lock,
                             sys::LockFile(roots.run + "/user-ids.lock", sys::LockMode::kWait));
  }
  PELAGOS_ASSIGN_OR_RETURN(const IdMap taken, Taken(roots));
  const auto uids = internal::FirstFree(PoolOf(ids.uids), taken.uids, count);
  const auto gids = internal::FirstFree(PoolOf(ids.gids), taken.gids, count);
  if (!uids || !gids) {
    return absl::ResourceExhaustedError(
        absl::StrCat("--userns auto: no ", count, uids ? " group" : " user", " ids in a row of '",
                     kAutoName, "' are free"));
  }
  chosen.map = {{*uids}, {*gids}};
  return chosen;
}

}  // namespace pelagos::container
