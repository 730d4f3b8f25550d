// What a check of the whole store found: the value that `pelagos image fsck` prints. The check
// itself is pelagos-image's (program/check.h), which has the digests; Check of ingest.h starts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pelagos::image {

// One file or folder that is not as it should be.
struct StoreFinding {
  // Damage keeps an image from being what it was; a left-over only takes room.
  enum class Kind : uint8_t { kDamage, kLeftOver };
  Kind kind = Kind::kDamage;
  std::string file;    // below DATA/images
  std::string what;    // what was expected there, and what there is
  std::string advice;  // what to do

  // One line, without its end and without control characters:
  // "damaged: FILE: WHAT; ADVICE" or "left over: ..."
  std::string ToString() const;
  friend bool operator==(const StoreFinding&, const StoreFinding&) = default;
};

struct StoreCheck {
  std::vector<StoreFinding> findings;  // sorted by file within: references, blobs, layers, rest
  // What was looked at.
  size_t images = 0, blobs = 0, layers = 0;
  uint64_t bytes = 0;  // of blobs, read for their digests

  size_t Count(StoreFinding::Kind kind) const;
  friend bool operator==(const StoreCheck&, const StoreCheck&) = default;
};

// JSON, as pelagos-image reports it. InvalidArgument: it is something else.
std::string PrintStoreCheck(const StoreCheck& check);
absl::StatusOr<StoreCheck> ParseStoreCheck(absl::string_view json);

}  // namespace pelagos::image
