// What a gzip stream decompresses to, by Intel's ISA-L, which takes half the time of zlib.
//
// Source: RFC 1952 (gzip), RFC 1951 (deflate); igzip_lib.h. The rules for odd streams are those of
// libarchive's gzip filter, which read them before:
//   - members follow each other; what stands behind the last one and is none is left out
//   - a stream whose first header is none of gzip's is taken as it is
//   - a stream that ends within a member or its trailer is damaged
//   - check sums are not compared: whoever reads it has a digest of the content
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/program/byte_source.h"

namespace pelagos::image {

class GzipSource : public ByteSource {
 public:
  // `source` must outlive it. A header (with the name and the comment in it) that has more bytes
  // than kInput is refused.
  explicit GzipSource(ByteSource& source);
  ~GzipSource() override;
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  // DataLoss if the stream is damaged.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

  static constexpr size_t kInput = size_t{256} << 10;  // bytes read at a time, at most

 private:
  enum class At { kHeader, kMember, kTrailer, kEnd, kNoGzip };
  struct Inflater;

  absl::string_view there() const;
  absl::StatusOr<bool> More();
  absl::Status TakeHeader();
  absl::Status TakeTrailer();
  absl::StatusOr<size_t> Inflate(char* buffer, size_t size);

  ByteSource& source_;
  std::unique_ptr<Inflater> inflater_;
  std::vector<char> input_;     // kSpare bytes for what the inflater gives back, then kInput
  size_t begin_ = 0, end_ = 0;  // what of it is there and not used yet
  bool source_ended_ = false;
  bool first_ = true;  // no member was there yet
  At at_ = At::kHeader;
};

}  // namespace pelagos::image
