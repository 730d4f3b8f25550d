// Any bytes as each of the JSON documents: an error or a value, never a crash; values print and
// parse to themselves.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "pelagos/image/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pelagos::image;
  if (size > 65536) return 0;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto index = ParseIndex(text); index.ok()) {
    const auto chosen = ChooseForPlatform(*index, HostPlatform());
    if (chosen.ok() && !chosen->IsIndex() && !chosen->IsManifest()) std::abort();
  }
  if (const auto manifest = ParseManifest(text); manifest.ok()) {
    if (manifest->layers.empty() || !manifest->config.IsConfig()) std::abort();
    const std::string printed = PrintManifest(*manifest);
    const auto again = ParseManifest(printed);
    if (!again.ok() || PrintManifest(*again) != printed) std::abort();
  }
  if (const auto config = ParseImageConfig(text); config.ok()) {
    auto again = ParseImageConfig(PrintImageConfig(*config));
    if (!again.ok()) std::abort();
    again->platform.variant = config->platform.variant;  // not printed
    if (*again != *config) std::abort();
  }
  if (const auto archive = ParseDockerArchive(text); archive.ok()) {
    for (const DockerArchiveImage& image : *archive) {
      if (image.config.empty() || image.layers.empty()) std::abort();
    }
  }
  if (const auto platform = ParsePlatform(text); platform.ok()) {
    if (ParsePlatform(platform->ToString()).value() != *platform) std::abort();
  }
  ParseStoredReference(text).status().IgnoreError();
  return 0;
}
