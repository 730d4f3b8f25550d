// Which containers `ps` shows. Source: docker-ps(1), "Filters".
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/listing.h"
#include "pelagos/container/inventory.h"

namespace pelagos::cli {

// The keys of --filter.
const std::vector<absl::string_view>& PsFilterKeys();

// InvalidArgument: a value that its key does not have; NotFound: `before` or `since` name nothing.
// The test takes the number of a container in `all`, which is in the order of Inventory::List and
// must outlive it.
absl::StatusOr<std::function<bool(size_t)>> PsFilter(const Filters& filters,
                                                     const std::vector<container::Found>& all);

// What a filter asks for makes no sense for those that run alone: as with --all.
bool AsksForAll(const Filters& filters);

}  // namespace pelagos::cli
