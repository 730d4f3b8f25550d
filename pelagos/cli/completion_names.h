// The names that there are, for who completes one. Looks, and changes nothing.
#pragma once

#include <string>
#include <vector>

#include "pelagos/cli/completion.h"
#include "pelagos/store/paths.h"

namespace pelagos::cli {

// What cannot be read has none.
std::vector<std::string> ListNames(const store::Roots& roots, Thing thing);

}  // namespace pelagos::cli
