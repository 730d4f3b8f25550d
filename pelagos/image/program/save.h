// `pelagos-image save`: images of the store as an archive, streaming; digests are compared as the
// bytes flow by.
//
//   oci             oci-layout, index.json, manifest.json (for Docker), blobs/sha256/HEX as they
//   came docker-archive  manifest.json, CONFIG.json, DIFFID/layer.tar (not compressed), for old
//   readers
//
// Source: image-spec 1.1, image-layout.md; Docker's image-spec v1.2.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/store.h"

namespace pelagos::image {

// `format` is "oci" or "docker-archive". Returns the report for standard output; see main.cc.
absl::StatusOr<std::string> SaveImages(const Store& store,
                                       const std::vector<std::string>& references,
                                       absl::string_view format, int archive_fd);

}  // namespace pelagos::image
