// Writes the image that the benchmarks here use as an OCI layout, to look at or to use again.
//
// Usage: make_layout FOLDER [SEED]

#include <cstdint>
#include <iostream>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "benchmarks/images/synthetic_image.h"

int main(int argc, char** argv) {
  using namespace pelagos::benchmarks;
  uint64_t seed = 20221;
  if (argc < 2 || argc > 3 || (argc > 2 && !absl::SimpleAtoi(argv[2], &seed))) {
    std::cerr << "usage: make_layout FOLDER [SEED]\n";
    return 2;
  }
  const absl::Status status = WriteSyntheticLayout(argv[1], seed, UsualLayers());
  if (status.ok()) return 0;
  std::cerr << "make_layout: " << status.message() << "\n";
  return 1;
}
