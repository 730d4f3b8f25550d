// `pelagos-image push`: an image of the store to a registry, byte for byte.
//
//   each blob, several at a time:  HEAD, and it may be there already
//                                  POST, mounted from another repository of that registry if one
//                                  has it PUT as a whole, or PATCH in chunks and PUT
//   then the manifest, and the digest that the registry says is compared
//
// Source: distribution-spec 1.1, "Push"; the distribution project's API for what old ones do.
#pragma once

#include "absl/status/statusor.h"
#include "pelagos/image/registry/pull.h"
#include "pelagos/image/store.h"
#include "pelagos/image/transfer_request.h"

namespace pelagos::image {

struct PushLimits {
  // A longer blob is sent in pieces of this size, in bytes: what was taken need not be sent again.
  uint64_t chunk = uint64_t{32} << 20;
};

// What was pushed. FailedPrecondition if the store lacks a blob that the registry lacks too.
absl::StatusOr<StoredImage> PushImage(const TransferRequest& request, const TransferTools& tools,
                                      const PushLimits& limits = {});

}  // namespace pelagos::image
