// Whatever is formatted stays so when it is formatted again, and means the same.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "pelagos/reml/format_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size > 4096) return 0;  // longer inputs only repeat
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  for (const size_t width : {pelagos::reml::kFormatWidth, size_t{20}}) {
    const std::string wrong = pelagos::reml::WrongFormat(text, width);
    if (wrong.empty()) continue;
    std::fprintf(stderr, "width %zu: %s\n", width, wrong.c_str());
    std::abort();
  }
  return 0;
}
