// An image that looks like those people pull, made from a seed: many small files and a few large
// ones, texts, programs and what is compressed already, in folders, with links, in three layers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pelagos::benchmarks {

struct LayerShape {
  uint64_t bytes = 0;        // of its files together, about
  uint64_t common_size = 0;  // of a file, bytes: half of the files are smaller
};

// 515 MB of tar, 172 MB compressed, in 20,000 entries: a distribution, what runs on it, an
// application.
std::vector<LayerShape> UsualLayers();

// The layer's tar. The same seed and shape give the same bytes.
std::string SyntheticLayer(uint64_t seed, const LayerShape& shape);

// An OCI image layout in the folder `folder`, which is made, with one image, named "bench"; its
// layers are compressed by zlib as gzip does it by default. Several threads, and some 2 GB of
// memory, for some seconds.
absl::Status WriteSyntheticLayout(const std::string& folder, uint64_t seed,
                                  const std::vector<LayerShape>& shapes);

}  // namespace pelagos::benchmarks
