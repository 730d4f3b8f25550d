// Whatever parses has a canonical form that parses to the same reference.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "pelagos/image/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 512) return 0;  // longer ones are refused by their length
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<pelagos::image::Reference> reference = pelagos::image::ParseReference(text);
  if (!reference.ok()) return 0;
  auto again = pelagos::image::ParseReference(reference->ToString());
  if (!again.ok() || *again != *reference) std::abort();
  return 0;
}
