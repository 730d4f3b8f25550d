// Writes a tar of plain files, front to back: the same files give the same bytes (no times, no
// owners). Source: tar(5), "POSIX ustar Archives"; sizes of 8 GiB and more as GNU and libarchive
// read them, in base 256.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/byte_source.h"

namespace pelagos::image {

class TarWriter {
 public:
  explicit TarWriter(int fd) : fd_(fd) {}  // stays the caller's

  // `name` has at most 100 bytes. DataLoss if the content has not `size` bytes.
  absl::Status Add(absl::string_view name, ByteSource& content, uint64_t size) {
    PELAGOS_RETURN_IF_ERROR(Write(Header(name, size)));
    std::vector<char> buffer(size_t{256} << 10);
    uint64_t left = size;
    for (;;) {
      PELAGOS_ASSIGN_OR_RETURN(const size_t count, content.Read(buffer.data(), buffer.size()));
      if (count == 0) break;
      if (count > left) return absl::DataLossError(absl::StrCat("'", name, "' became longer"));
      left -= count;
      PELAGOS_RETURN_IF_ERROR(Write({buffer.data(), count}));
    }
    if (left > 0) return absl::DataLossError(absl::StrCat("'", name, "' became shorter"));
    return Write(std::string((kRecord - size % kRecord) % kRecord, '\0'));
  }
  absl::Status Add(absl::string_view name, absl::string_view content) {
    StringSource source(content);
    return Add(name, source, content.size());
  }
  absl::Status Finish() { return Write(std::string(2 * kRecord, '\0')); }

 private:
  static constexpr size_t kRecord = 512;

  static std::string Header(absl::string_view name, uint64_t size) {
    std::string header(kRecord, '\0');
    const auto put = [&](size_t at, absl::string_view text) {
      header.replace(at, text.size(), text.data(), text.size());
    };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    constexpr uint64_t kMostOctal = uint64_t{1} << 33;
    if (size < kMostOctal) {
      put(124, absl::StrFormat("%011o", size));
    } else {
      header[124] = '\x80';
      for (int i = 0; i < 8; ++i) header[135 - i] = static_cast<char>(size >> (8 * i));
    }
    put(136, "00000000000");
    put(148, "        ");
    header[156] = '0';
    put(257, absl::string_view("ustar\00000", 8));
    uint32_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, absl::StrFormat("%06o", sum));
    header[154] = '\0';
    return header;
  }

  absl::Status Write(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus(errno, "write", "the archive");
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return absl::OkStatus();
  }

  const int fd_;
};

}  // namespace pelagos::image
