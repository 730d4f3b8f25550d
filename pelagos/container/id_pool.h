// Ids of the host that no other running container of the run root has: `--userns auto`.
//
// Source: podman-run(1), "auto"; subuid(5).
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/store/paths.h"

namespace pelagos::container {

inline constexpr uint32_t kAutoIds = 65536;
// Whose ranges in /etc/subuid and /etc/subgid they are; podman's word.
inline constexpr char kAutoName[] = "containers";

// Moves.
struct ChosenIds {
  IdMap map;  // from id 0 on
  Fd lock;    // nobody else chooses while it lives: until the container runs, which then tells
};

enum class IdUse : uint8_t {
  kTake,
  kLook,  // changes nothing, and holds no lock
};

// FailedPrecondition where the name has no ranges, ResourceExhausted where all of them are taken.
absl::StatusOr<ChosenIds> ChooseIds(const store::Roots& roots, uint32_t count,
                                    IdUse use = IdUse::kTake);

namespace internal {

// The first `count` ids of `pool` that meet none of `taken`; nullopt if there are none.
std::optional<IdMapRange> FirstFree(const IdMapRanges& pool, const IdMapRanges& taken,
                                    uint32_t count);

}  // namespace internal

}  // namespace pelagos::container
