// `pelagos-image fsck`: the whole store, compared with what its names and digests say.
//
//   under the store's lock:  references -> manifest -> config -> what they need, against what there
//                            is in blobs/, layers/, partial/ and ingest/: one moment's truth
//   after it:                the digests of the layer blobs, which takes as long as reading them
//
// What another command removes in between is not missed. Nothing is changed. The files within an
// unpacked layer have no digests of their own and are not compared.
#pragma once

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/store.h"
#include "pelagos/image/store_check.h"

namespace pelagos::image {

// `lock` is the store's (DATA/images/lock), and given up after the first step. Fails only if the
// store cannot be looked at: damage is a finding.
absl::StatusOr<StoreCheck> CheckStore(const Store& store, Fd lock);

}  // namespace pelagos::image
