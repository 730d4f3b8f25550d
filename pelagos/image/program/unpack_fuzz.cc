// Any bytes as a layer: never a crash, never anything outside the folder.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "pelagos/image/program/unpack.h"
#include "pelagos/sys/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace fs = std::filesystem;
  if (size > 65536) return 0;
  static const fs::path work = [] {
    const char* given = std::getenv("TEST_TMPDIR");
    std::string name = std::string(given != nullptr ? given : "/tmp") + "/unpack-fuzz-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    return fs::path(name);
  }();
  const fs::path layer = work / "layer";
  fs::create_directory(layer);
  pelagos::image::Budget budget({.max_bytes = 1 << 20, .max_entries = 200});
  pelagos::image::StringSource source({reinterpret_cast<const char*>(data), size});
  // Either result is fine; libarchive is given what it is given.
  pelagos::image::UnpackLayer(source, layer.string(), budget).status().IgnoreError();
  size_t beside = 0;
  for (const auto& entry : fs::directory_iterator(work)) beside += entry.path() != layer;
  if (beside != 0) std::abort();
  if (!pelagos::sys::RemoveTree(layer.string()).ok()) std::abort();
  return 0;
}
