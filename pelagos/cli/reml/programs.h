// The programs that a command line names: files, and folders that stand for all `.reml` files
// below.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pelagos::cli {

inline constexpr size_t kLargestProgram = size_t{64} << 20;  // bytes

// A regular file of at most `most` bytes. Others are refused unread: a pipe may never end.
absl::StatusOr<std::string> ReadProgram(const std::string& path, size_t most = kLargestProgram);

// What a program imports, as tools look at it; nullopt when it cannot be read.
std::optional<std::string> ReadImport(const std::string& path);

// Appends `path`, or, if that is a folder, the programs below it, in the order of their paths.
// Links to folders are not followed. An error names the folder; what was found before it is appended.
absl::Status AddPrograms(const std::string& path, std::vector<std::string>& programs);

}  // namespace pelagos::cli
