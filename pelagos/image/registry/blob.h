// A blob on its way from a registry: one thread writes what arrives to a file, another reads it as
// it grows. The file is the buffer, so that memory stays small; and it stays, so that a transfer
// that broke, or a process that was killed, goes on where it stopped.
//
//   DownloadBlob --pwrite--> DATA/images/partial/HEX --pread--> GrowingFile::Source -> UnpackLayer
//
// Source: RFC 9110, 14 (Range, Content-Range); distribution-spec 1.1, "Pulling blobs".
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/registry/progress.h"
#include "pelagos/image/registry/session.h"

namespace pelagos::image {

// Thread-safe: one writer, one reader.
class GrowingFile {
 public:
  // `size` bytes are in it already.
  GrowingFile(Fd file, uint64_t size) : file_(std::move(file)), size_(size) {}

  uint64_t size() const;
  absl::Status Append(absl::string_view bytes);
  // No more will come; a failure is what the reader gets at the end of what is there.
  void Finish(const absl::Status& status);
  // Readers get Cancelled from now on, writers too.
  void Abandon();
  const Fd& file() const { return file_; }
  // Nobody reads or writes any more.
  Fd TakeFile() { return std::move(file_); }

  class Source : public ByteSource {
   public:
    explicit Source(GrowingFile& file) : file_(file) {}
    absl::StatusOr<size_t> Read(char* buffer, size_t size) override;
    // Of this reader alone: the transfer goes on.
    void Abandon() override;

   private:
    GrowingFile& file_;
    uint64_t position_ = 0;
    bool abandoned_ = false;  // guarded by the file's mutex
  };

 private:
  Fd file_;
  mutable std::mutex mutex_;
  std::condition_variable grown_;
  uint64_t size_ = 0;
  bool finished_ = false, abandoned_ = false;
  absl::Status status_;
};

// Where a range of an answer begins: "bytes 100-199/200"; nullopt if it is none.
std::optional<uint64_t> ParseContentRange(absl::string_view text);

// Brings `file` to the descriptor's size, from whatever size it has: with retries, each of which
// goes on where the last one stopped. The content is not verified; it is never larger. Does not
// call Finish.
absl::Status DownloadBlob(RegistrySession& session, const std::string& repository,
                          const Descriptor& blob, GrowingFile& file, Progress& progress,
                          size_t line);

}  // namespace pelagos::image
