#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/oci/systemd/variant_text.h"

// Whatever an annotation holds: a value or an error. Numbers and texts mean the same with their
// type before them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = pelagos::oci::ParseVariantText(text);
  if (!value.ok()) return 0;
  if (value->type.empty() || value->json.empty()) std::abort();
  const auto typed = pelagos::oci::ParseVariantText(absl::StrCat("@", value->type, " ", text));
  // One nesting more may be one too many.
  if (typed.ok() && *typed != *value) std::abort();
  return 0;
}
