// Whatever the state folder holds: reading it neither crashes nor loses anything that was read.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "pelagos/spec/json.h"
#include "pelagos/spec/resolved_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 65536) return 0;  // longer inputs only repeat
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto image = pelagos::ResolvedImageFromJson(text); image.ok()) {
    const auto back = pelagos::ResolvedImageFromJson(pelagos::ToJson(*image));
    if (!back.ok() || !(*back == *image)) std::abort();
  }
  const auto spec = pelagos::ComposeSpecFromJson(text);
  if (!spec.ok()) return 0;
  const auto again = pelagos::ComposeSpecFromJson(pelagos::ToJson(*spec));
  if (!again.ok() || !(*again == *spec)) std::abort();
  return 0;
}
