// Blobs of the store read to their ends, several at a time. Part of check.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pelagos/image/digest.h"
#include "pelagos/image/store.h"

namespace pelagos::image {

struct BlobContent {
  std::string problem;  // what is wrong; empty if it is as its name says, or was removed meanwhile
  uint64_t bytes = 0;   // that were read
};

// One for each digest, in the same order. By as many threads as there are processors, 8 at most.
std::vector<BlobContent> ReadBlobs(const Store& store, const std::vector<Digest>& digests);

}  // namespace pelagos::image
