// `pelagos-image commit`: what a container has written over its image, as one more layer, and with
// it an image in the store.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/commit_request.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/store.h"

namespace pelagos::image {

// An image, and what keeps the layers below in the store until it is published.
struct Committed {
  NewImage image;
  LayerHold hold;
};

// `upper` is request.upper, open. NotFound: the container's image is not in the store any more.
absl::StatusOr<Committed> CommitUpper(const CommitRequest& request, const Fd& upper,
                                      const Store& store, const Ingest& ingest, Budget& budget);

// The config of the new image, JSON: that of the old one with what the request says. Instructions:
// CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR.
absl::StatusOr<std::string> CommittedConfig(const CommitRequest& request, absl::string_view base,
                                            const Digest& diff_id);

}  // namespace pelagos::image
