// `pelagos-image pull`: an image from a registry, verified and unpacked, ready to be published.
//
//   manifest (by tag or digest; an index leads to one for the platform) -> config -> layers:
//     downloader thread --> partial/HEX --> unpacker thread --> ingest/XXXXXX/N
//   for several layers at a time; then every digest, size and diffID is compared.
//
// Source: distribution-spec 1.1, image-spec 1.1, Docker's Image Manifest V2 Schema 2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/registry/http.h"
#include "pelagos/image/registry/progress.h"
#include "pelagos/image/registry/session.h"
#include "pelagos/image/store.h"
#include "pelagos/image/transfer_request.h"

namespace pelagos::image {

// What is to be published, and the locks under which it was made: keep them until it is.
struct PulledImage {
  NewImage image;
  std::vector<Fd> locks;
};

// Everything a transfer works with; all outlive it.
struct TransferTools {
  Store& store;
  HttpClient& http;
  Progress& progress;
};

// A conversation with each endpoint of the request.
std::vector<std::unique_ptr<RegistrySession>> OpenSessions(const TransferRequest& request,
                                                           HttpClient& http);

// Layers are unpacked below the ingest folder, within the budget. After an error nothing of it
// counts; blobs that are not complete, or complete and good, wait in the store's partial/ for the
// next attempt.
absl::StatusOr<PulledImage> PullImage(const TransferRequest& request, const TransferTools& tools,
                                      const Ingest& ingest, Budget& budget);

}  // namespace pelagos::image
