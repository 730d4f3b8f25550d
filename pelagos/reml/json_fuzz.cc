// Whatever JSON reads is also written, and that reads and is written as the same again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pelagos/reml/json_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace pelagos::reml;
  if (size > 4096) return 0;  // longer inputs only repeat
  constexpr size_t kMostText = size_t{1} << 20;
  Heap heap(size_t{16} << 20);
  uint64_t work = 0;
  const absl::string_view text(reinterpret_cast<const char*>(bytes), size);
  const absl::StatusOr<Value> value = ParseJson(heap, text, &work);
  if (!value.ok()) {
    if (value.status().message().empty()) std::abort();
    return 0;
  }
  for (int indent : {0, 2}) {
    const absl::StatusOr<std::string> written = JsonText(*value, indent, kMostText);
    if (!written.ok()) {
      // Deep nesting is indented far.
      if (indent == 0 || !absl::IsResourceExhausted(written.status())) std::abort();
      continue;
    }
    const absl::StatusOr<Value> again = ParseJson(heap, *written, &work);
    if (!again.ok()) std::abort();
    const absl::StatusOr<std::string> twice = JsonText(*again, indent, kMostText);
    if (!twice.ok() || *twice != *written) std::abort();
  }
  return 0;
}
