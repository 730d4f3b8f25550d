// What libarchive makes of a gzip stream: what GzipSource is compared with.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos::image {

// nullopt if it finds damage. What is no gzip is taken as it is; gzip within gzip is unpacked
// twice.
inline std::optional<std::string> GzipByLibarchive(absl::string_view bytes) {
  const std::unique_ptr<struct archive, int (*)(struct archive*)> archive(archive_read_new(),
                                                                          &archive_read_free);
  archive_read_support_format_raw(archive.get());
  archive_read_support_format_empty(archive.get());
  archive_read_support_filter_gzip(archive.get());
  struct archive_entry* entry = nullptr;
  if (archive_read_open_memory(archive.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return std::nullopt;
  }
  const int found = archive_read_next_header(archive.get(), &entry);
  if (found == ARCHIVE_EOF) return "";
  if (found != ARCHIVE_OK) return std::nullopt;
  std::string content;
  for (;;) {
    char buffer[4096];
    const la_ssize_t count = archive_read_data(archive.get(), buffer, sizeof(buffer));
    if (count < 0) return std::nullopt;
    if (count == 0) return content;
    content.append(buffer, static_cast<size_t>(count));
  }
}

}  // namespace pelagos::image
