// What a file or a tree takes on the disk.
//
// Source: stat(2), st_blocks: 512 bytes each, whatever the file system's own.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

namespace pelagos::sys {

// Bytes. Links are not followed; a file with several names counts for each. What cannot be read
// counts as nothing.
inline uint64_t DiskUsage(const std::string& path) {
  constexpr uint64_t kBlock = 512;
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) return 0;
  uint64_t bytes = static_cast<uint64_t>(info.st_blocks) * kBlock;
  if (!S_ISDIR(info.st_mode)) return bytes;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator entry(path, error), end;
       !error && entry != end; entry.increment(error)) {
    if (::lstat(entry->path().c_str(), &info) == 0) {
      bytes += static_cast<uint64_t>(info.st_blocks) * kBlock;
    }
  }
  return bytes;
}

}  // namespace pelagos::sys
