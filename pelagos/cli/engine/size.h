// What containers take on the disk.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/container/inventory.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/disk_usage.h"

namespace pelagos::cli {

struct ContainerSize {
  uint64_t own = 0;  // bytes that it has written over its image
  uint64_t all = 0;  // with its image
};

// Each layer is measured once, however many containers stand on it.
class SizeReader {
 public:
  explicit SizeReader(store::Roots roots) : roots_(std::move(roots)) {}

  ContainerSize Of(const container::Found& found) {
    const std::string folder = found.kind == container::Kind::kKept ? roots_.KeptContainer(found.id)
                                                                    : roots_.Container(found.id);
    ContainerSize size;
    size.own = sys::DiskUsage(absl::StrCat(folder, "/upper"));
    size.all = size.own;
    for (const std::string& layer : found.record.image.layers) {
      const auto [entry, is_new] = layers_.emplace(layer, 0);
      if (is_new) entry->second = sys::DiskUsage(layer);
      size.all += entry->second;
    }
    return size;
  }

 private:
  const store::Roots roots_;
  std::map<std::string, uint64_t> layers_;
};

}  // namespace pelagos::cli
