// A status on its way from one process to another: code, message and what hangs on it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pelagos::container {

// With what is to be said besides, if anything.
std::string EncodeStatus(const absl::Status& status, const std::vector<std::string>& warnings = {});
// INTERNAL for what EncodeStatus did not write. `warnings`, if given, gets what was said besides.
absl::Status DecodeStatus(absl::string_view text, std::vector<std::string>* warnings = nullptr);

}  // namespace pelagos::container
