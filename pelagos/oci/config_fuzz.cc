// Whatever a bundle holds: reading it does not crash, and what was read is written in full.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "pelagos/oci/config_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 65536) return 0;  // longer inputs only repeat
  const auto config = pelagos::oci::ReadConfig({reinterpret_cast<const char*>(data), size});
  if (!config.ok()) return 0;
  const auto again = pelagos::oci::ReadConfig(pelagos::oci::WriteConfig(*config));
  if (!again.ok() || !(*again == *config)) std::abort();
  return 0;
}
