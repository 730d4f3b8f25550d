// Which images containers need that are kept, running or not: what their records say
// (store/container.h, DATA/containers/ID/container.json). What those need stays in the store.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/store/paths.h"

namespace pelagos::image {

struct KeptImage {
  std::string container;         // its name; its id where the record has none
  std::string manifest;          // "sha256:..."
  std::set<std::string> layers;  // by their hex: the names of their folders in the store
};

// Of each record, one row; of those with a root folder of the host instead of an image, none.
// DataLoss: a record that cannot be read, which may need anything.
absl::StatusOr<std::vector<KeptImage>> ReadKeptImages(const store::Roots& roots);

}  // namespace pelagos::image
