#include "pelagos/image/kept_images.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/spec/resolved_json.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr size_t kLargestRecord = size_t{16} << 20;

absl::StatusOr<KeptImage> Parse(const std::string& text, const std::string& id) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("image")) {
    return absl::DataLossError("it is no record of a container");
  }
  PELAGOS_ASSIGN_OR_RETURN(const ResolvedImage image, ResolvedImageFromJson(json["image"].dump()));
  KeptImage kept;
  kept.container = id;
  if (const auto spec = json.find("spec"); spec != json.end() && spec->is_object()) {
    const auto name = spec->find("name");
    if (name != spec->end() && name->is_string()) kept.container = name->get<std::string>();
  }
  kept.manifest = image.digest;
  if (image.digest.empty()) return kept;  // a folder of the host
  for (const std::string& layer : image.layers) {
    kept.layers.insert(layer.substr(layer.rfind('/') + 1));
  }
  return kept;
}

}  // namespace

absl::StatusOr<std::vector<KeptImage>> ReadKeptImages(const store::Roots& roots) {
  std::vector<KeptImage> all;
  const absl::StatusOr<std::vector<std::string>> ids = sys::ListFolder(roots.KeptContainers());
  if (FindErrno(ids.status()) == ENOENT) return all;
  PELAGOS_RETURN_IF_ERROR(ids.status());
  for (const std::string& id : *ids) {
    if (absl::StartsWith(id, ".")) continue;
    const std::string file = absl::StrCat(roots.KeptContainer(id), "/container.json");
    const absl::StatusOr<std::string> text = sys::ReadFileAtOnce(file, kLargestRecord);
    // Being made, or removed.
    if (FindErrno(text.status()) == ENOENT || FindErrno(text.status()) == ENOTDIR) continue;
    PELAGOS_RETURN_IF_ERROR(text.status());
    absl::StatusOr<KeptImage> kept = Parse(*text, id);
    if (!kept.ok()) {
      return absl::DataLossError(absl::StrCat("the record of container '", id,
                                              "' cannot be read: ", kept.status().message()));
    }
    if (!kept->manifest.empty()) all.push_back(*std::move(kept));
  }
  return all;
}

}  // namespace pelagos::image
