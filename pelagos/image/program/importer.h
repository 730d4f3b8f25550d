// `pelagos-image import`: a root file system (a tar or a folder) as an image of one layer.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/program/folder_archive.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/store.h"

namespace pelagos::image {

// One instruction of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, STOPSIGNAL,
// USER, VOLUME or WORKDIR. CMD, ENTRYPOINT and what a HEALTHCHECK runs are a JSON list, or a text for
// /bin/sh -c; ENV takes KEY=VALUE.
absl::Status ApplyChange(absl::string_view change, ImageConfig& config);

// A layer that is new in the store, and what a manifest says of it.
struct MadeLayer {
  NewImage::Layer layer;
  NewImage::Blob blob;
  Descriptor descriptor;
};

// Reads all of `input`, a tar (gzip or zstd or not), into the ingest folder, once for each.
absl::StatusOr<MadeLayer> MakeLayer(ByteSource& input, const Ingest& ingest, Budget& budget);
// Likewise, of a folder of this machine.
absl::StatusOr<MadeLayer> MakeLayer(const Fd& folder, const ArchiveOptions& options,
                                    const Ingest& ingest, Budget& budget);

// Reads all of `input`, a tar (gzip or zstd or not), into the ingest folder. The image has nothing
// but `config` and the layer; the same tar and config give the same digests.
absl::StatusOr<NewImage> ImportTar(ByteSource& input, const Ingest& ingest, Budget& budget,
                                   ImageConfig config, const Reference& name);

// Likewise, of a folder of this machine.
absl::StatusOr<NewImage> ImportFolder(const Fd& folder, const Ingest& ingest, Budget& budget,
                                      ImageConfig config, const Reference& name);

}  // namespace pelagos::image
