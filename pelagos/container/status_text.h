// A status on its way from one process to another: code, message and what hangs on it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pelagos::container {

std::string EncodeStatus(const absl::Status& status);
// INTERNAL for what EncodeStatus did not write.
absl::Status DecodeStatus(absl::string_view text);

}  // namespace pelagos::container
