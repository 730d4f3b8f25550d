// Another name for a name of the program.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/language/names.h"
#include "pelagos/language/range.h"

namespace pelagos::language {

struct Renaming {
  std::string name;
  Range word;  // at the place
  std::vector<Range> places;
};

// Everything that would change with the name at a place. FAILED_PRECONDITION: it is no name of this
// program, or of one that a macro may use in ways that are not seen.
absl::StatusOr<Renaming> RenameAt(const Names& names, uint32_t offset);

// Whether every word means the same afterwards; FAILED_PRECONDITION says what does not. `path` and
// `files` are those of `names`.
absl::Status CheckRenaming(const Names& names, const Renaming& renaming, absl::string_view name,
                           const std::string& path, const Names::Files& files);

}  // namespace pelagos::language
