// Tar archives and compressed streams, read through libarchive (gzip: gzip_source.h), as values
// without its types.
//
// Source: tar(5) of libarchive (ustar, pax, GNU, sparse files); archive_read(3). Names are bytes:
// the program stays in the "C" locale, where libarchive hands them over as they are; in a UTF-8
// locale it would normalise them, and an image would get files of other names.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/program/gzip_source.h"

namespace pelagos::image {

enum class TarKind {
  kFile,
  kFolder,
  kSymlink,
  kHardLink,
  kFifo,
  kCharDevice,
  kBlockDevice,
  kOther
};

// As the archive says it: nothing is checked.
struct TarEntry {
  TarKind kind = TarKind::kOther;
  std::string path;
  std::string link;  // of symbolic and hard links
  mode_t mode = 0;   // permissions and set-id bits only
  int64_t uid = 0;
  int64_t gid = 0;
  int64_t size = 0;
  timespec mtime = {};
  dev_t device = 0;
  std::vector<std::pair<std::string, std::string>> xattrs;
};

// A piece of a file's content; the bytes live until the next call.
struct TarBlock {
  int64_t offset = 0;  // in the file; gaps between blocks are holes
  absl::string_view bytes;
};

// Reads one archive, front to back. The source must outlive it.
class TarStream {
 public:
  explicit TarStream(ByteSource& source);
  ~TarStream();
  TarStream(const TarStream&) = delete;
  TarStream& operator=(const TarStream&) = delete;

  // False at the end of the archive. DataLoss if it is damaged or no tar at all.
  absl::StatusOr<bool> Next(TarEntry& entry);

  // Of the entry that Next gave; false at its end.
  absl::StatusOr<bool> NextBlock(TarBlock& block);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The content of the current entry of a TarStream, as a source (holes as zeros).
class TarEntrySource : public ByteSource {
 public:
  explicit TarEntrySource(TarStream& tar) : tar_(tar) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  TarStream& tar_;
  TarBlock block_;
  int64_t position_ = 0;
  bool ended_ = false;
};

enum class Compression { kNone, kGzip, kZstd };

// By its first bytes.
Compression SniffCompression(absl::string_view start);

// Whether a stream that begins like this (512 bytes, if it has so many) is a tar archive: its first
// header's check sum is right, or it is an empty archive of zeros.
bool LooksLikeTar(absl::string_view start);

// The decompressed content of `source`, which must outlive it.
class DecompressedSource : public ByteSource {
 public:
  DecompressedSource(ByteSource& source, Compression compression);
  ~DecompressedSource() override;
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  struct State;
  ByteSource& source_;
  std::unique_ptr<GzipSource> gzip_;  // of gzip
  std::unique_ptr<State> state_;      // of zstd
};

}  // namespace pelagos::image
