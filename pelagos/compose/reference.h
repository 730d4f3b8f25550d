// The whole language of a stack file, in the chapters of the manual.
#pragma once

#include <vector>

#include "pelagos/reml/reference.h"

namespace pelagos::compose {

// What every program has, then stacks, then containers and futures. A name is that of exactly one
// entry; options have names of their own.
std::vector<reml::ReferenceChapter> Reference();

}  // namespace pelagos::compose
