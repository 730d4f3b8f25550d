#include "pelagos/cli/completion_names.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/cli/network/view.h"
#include "pelagos/container/inventory.h"
#include "pelagos/image/store.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

// Sorted; those with a dot before their name are ours.
std::vector<std::string> VisibleIn(const std::string& folder) {
  std::vector<std::string> names;
  const absl::StatusOr<std::vector<std::string>> files = sys::ListFolder(folder);
  for (const std::string& file : files.ok() ? *files : std::vector<std::string>()) {
    if (!absl::StartsWith(file, ".") && file != "lock") names.push_back(file);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<std::string> ListNames(const store::Roots& roots, Thing thing) {
  std::vector<std::string> names;
  switch (thing) {
    case Thing::kContainers:
    case Thing::kRunning:
      if (const auto all = container::Inventory(roots).List(); all.ok()) {
        for (const container::Found& found : *all) {
          if (thing == Thing::kContainers || found.running()) names.push_back(found.name);
        }
      }
      break;
    case Thing::kImages:
      if (const auto all = image::Store::Look(roots.data).List(); all.ok()) {
        for (const image::ImageSummary& image : *all) {
          // As people write it.
          absl::string_view name = image.reference;
          if (absl::ConsumePrefix(&name, "docker.io/")) absl::ConsumePrefix(&name, "library/");
          names.emplace_back(name);
        }
      }
      break;
    case Thing::kNetworks:
      if (const auto all = ListNetworks(roots); all.ok()) {
        for (const NetworkView& view : *all) names.push_back(view.record.name);
      }
      break;
    case Thing::kVolumes:
      names = VisibleIn(roots.Volumes());
      break;
    case Thing::kRootfs:
      names = VisibleIn(absl::StrCat(roots.data, "/rootfs"));
      break;
  }
  return names;
}

}  // namespace pelagos::cli
