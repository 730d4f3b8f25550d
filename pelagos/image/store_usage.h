// What the images of a store take on the disk, and which of them containers need. Nothing is
// locked: it is as it was while one looked.
//
// Source: lstat(2), st_blocks; proc_locks(5) for the flocks that containers hold on their layers.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/store.h"

namespace pelagos::image {

struct ImageUsage {
  std::string reference;  // canonical
  Digest manifest;
  std::string created;  // as its config says it: RFC 3339; empty if it does not
  uint64_t bytes = 0;   // on disk: its layers, their blobs, its documents
  uint64_t shared = 0;  // of these, what another image (by its manifest) needs too
  bool in_use = false;  // a process holds all of its layers, or a kept container is made of it
};

struct StoreUsage {
  std::vector<ImageUsage> images;  // a row for each name, sorted
  uint64_t bytes = 0;              // of all: what images share counts once
  uint64_t reclaimable = 0;        // of these, what no image in use needs
};

absl::StatusOr<StoreUsage> MeasureStore(const Store& store);

namespace internal {
// The inodes that processes have a shared flock on, by process.
std::map<int, std::set<uint64_t>> SharedFlocks(absl::string_view proc_locks);
}  // namespace internal

}  // namespace pelagos::image
