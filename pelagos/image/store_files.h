// Folders of the store: locked, moved, and on disk for good. Part of store.cc.
//
// Source: flock(2), rename(2), fsync(2), syncfs(2).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/digest.h"

namespace pelagos::image {

// flock(2) on a folder, without waiting; UNAVAILABLE if somebody holds it the other way. `how` is
// LOCK_SH or LOCK_EX.
absl::StatusOr<Fd> LockFolder(const std::string& path, int how);

bool IsFolder(const std::string& path);

absl::Status Rename(const std::string& from, const std::string& to);

absl::Status SyncFolder(const std::string& path);

// All below `folder`, which nobody else writes to, is on disk after it. Many files are cheapest by
// one syncfs(2); but that waits for whatever else the machine writes, and a small image should not.
absl::Status SyncTree(const std::string& folder);

// That an image cannot be used.
absl::Status MissingLayer(const Digest& diff_id);

}  // namespace pelagos::image
