// `pelagos-image pull`, `push`, `ping`: the request from standard input, confinement, and the
// report.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "pelagos/image/program/byte_source.h"

namespace pelagos::image {

// Each returns the report for standard output; see main.cc.
absl::StatusOr<std::string> RunPull(const std::string& data_root, Limits limits);
absl::StatusOr<std::string> RunPush(const std::string& data_root);
absl::StatusOr<std::string> RunPing();

}  // namespace pelagos::image
