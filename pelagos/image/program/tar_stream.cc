#include "pelagos/image/program/tar_stream.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pelagos::image {
namespace {

struct FreeArchive {
  void operator()(struct archive* archive) const { archive_read_free(archive); }
};

// A libarchive reader over a ByteSource, which keeps the error that the source gave.
struct Reader {
  explicit Reader(ByteSource& source) : source(source), archive(archive_read_new()) {
    if (archive == nullptr) throw std::bad_alloc();
  }

  absl::Status Open() {
    archive_read_set_callback_data(archive.get(), this);
    archive_read_set_read_callback(archive.get(), &Reader::Pull);
    opened = true;
    return archive_read_open1(archive.get()) == ARCHIVE_OK ? absl::OkStatus() : Error();
  }

  absl::Status Error() const {
    if (!source_status.ok()) return source_status;
    const char* text = archive_error_string(archive.get());
    return absl::DataLossError(
        absl::StrCat("the archive is damaged: ", text != nullptr ? text : "unknown error"));
  }

  static la_ssize_t Pull(struct archive* archive, void* self, const void** buffer) {
    Reader& reader = *static_cast<Reader*>(self);
    absl::StatusOr<absl::string_view> bytes = reader.source.Next(reader.room);
    if (!bytes.ok()) {
      reader.source_status = bytes.status();
      archive_set_error(archive, EIO, "read error");
      return -1;
    }
    reader.at_end = bytes->empty();
    *buffer = bytes->data();
    return static_cast<la_ssize_t>(bytes->size());
  }

  ByteSource& source;
  std::unique_ptr<struct archive, FreeArchive> archive;
  std::vector<char> room;
  absl::Status source_status;
  bool opened = false;
  bool at_end = false;  // the source has no more
};

TarKind KindOf(struct archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return TarKind::kHardLink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return TarKind::kFile;
    case AE_IFDIR:
      return TarKind::kFolder;
    case AE_IFLNK:
      return TarKind::kSymlink;
    case AE_IFIFO:
      return TarKind::kFifo;
    case AE_IFCHR:
      return TarKind::kCharDevice;
    case AE_IFBLK:
      return TarKind::kBlockDevice;
    default:
      return TarKind::kOther;
  }
}

}  // namespace

struct TarStream::State : Reader {
  using Reader::Reader;
  int64_t size = 0;       // of the entry
  int64_t delivered = 0;  // where its last block ended
  bool ended = false;     // behind the last entry, although libarchive sees damage
};

TarStream::TarStream(ByteSource& source) : state_(std::make_unique<State>(source)) {
  archive_read_support_format_tar(state_->archive.get());
  archive_read_support_format_empty(state_->archive.get());
}

TarStream::~TarStream() = default;

absl::StatusOr<bool> TarStream::Next(TarEntry& out) {
  if (state_->ended) return false;
  if (!state_->opened) PELAGOS_RETURN_IF_ERROR(state_->Open());
  struct archive_entry* entry = nullptr;
  const int result = archive_read_next_header(state_->archive.get(), &entry);
  if (result == ARCHIVE_EOF) return false;
  if (result != ARCHIVE_OK) {
    const char* text = archive_error_string(state_->archive.get());
    // Only says that a name is not ASCII; it is there all the same, byte for byte.
    const bool harmless =
        result == ARCHIVE_WARN && text != nullptr && absl::StrContains(text, "can't be converted");
    if (!harmless) return state_->Error();
  }
  out = TarEntry();
  out.kind = KindOf(entry);
  const char* path = archive_entry_pathname(entry);
  if (path == nullptr) return absl::DataLossError("the archive is damaged: entry without a name");
  out.path = path;
  const char* link =
      out.kind == TarKind::kHardLink ? archive_entry_hardlink(entry) : archive_entry_symlink(entry);
  if (link != nullptr) out.link = link;
  out.mode = archive_entry_mode(entry) & 07777;
  out.uid = archive_entry_uid(entry);
  out.gid = archive_entry_gid(entry);
  out.size = archive_entry_size(entry);
  state_->size = out.size;
  state_->delivered = 0;
  out.mtime = {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
  out.device = archive_entry_rdev(entry);
  archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    if (name == nullptr) continue;
    out.xattrs.emplace_back(
        name, size == 0 ? std::string() : std::string(static_cast<const char*>(value), size));
  }
  return true;
}

absl::StatusOr<bool> TarStream::NextBlock(TarBlock& block) {
  const void* bytes = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  const int result = archive_read_data_block(state_->archive.get(), &bytes, &size, &offset);
  if (result == ARCHIVE_EOF) return false;
  if (result != ARCHIVE_OK) {
    // umoci and other writers in Go end with the last byte of the last file: no padding, no end
    // marks. All of it was there, and the digest says so too.
    state_->ended = state_->at_end && state_->size > 0 && state_->delivered == state_->size;
    if (state_->ended) return false;
    return state_->Error();
  }
  // A sparse file's map says where its pieces lie; its header, how large it is.
  if (offset < 0 || offset > state_->size || static_cast<int64_t>(size) > state_->size - offset) {
    return absl::DataLossError(
        "the archive is damaged: a piece of a sparse file lies behind the file's end");
  }
  state_->delivered = offset + static_cast<int64_t>(size);
  block.offset = offset;
  block.bytes = absl::string_view(static_cast<const char*>(bytes), size);
  return true;
}

absl::StatusOr<size_t> TarEntrySource::Read(char* buffer, size_t size) {
  while (!ended_ && block_.bytes.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, tar_.NextBlock(block_));
    ended_ = !more;
  }
  if (ended_) return 0;
  size_t count = 0;
  if (block_.offset > position_) {
    count = static_cast<size_t>(
        std::min<int64_t>(block_.offset - position_, static_cast<int64_t>(size)));
    std::memset(buffer, 0, count);
  } else {
    count = std::min(size, block_.bytes.size());
    std::memcpy(buffer, block_.bytes.data(), count);
    block_.bytes.remove_prefix(count);
    block_.offset += static_cast<int64_t>(count);
  }
  position_ += static_cast<int64_t>(count);
  return count;
}

Compression SniffCompression(absl::string_view start) {
  if (absl::StartsWith(start, absl::string_view("\x1f\x8b\x08", 3))) return Compression::kGzip;
  if (absl::StartsWith(start, absl::string_view("\x28\xb5\x2f\xfd", 4))) return Compression::kZstd;
  return Compression::kNone;
}

bool LooksLikeTar(absl::string_view start) {
  constexpr size_t kHeader = 512, kSum = 148, kSumSize = 8;
  if (start.size() < kHeader) return false;
  start = start.substr(0, kHeader);
  if (start.find_first_not_of('\0') == absl::string_view::npos) return true;
  // The sum of all bytes, its own field taken as blanks; written in octal.
  uint32_t sum = 0, written = 0;
  for (size_t i = 0; i < kHeader; ++i) {
    const bool own = i >= kSum && i < kSum + kSumSize;
    sum += own ? static_cast<uint32_t>(' ') : static_cast<unsigned char>(start[i]);
    if (own && start[i] >= '0' && start[i] <= '7') {
      written = written * 8 + static_cast<uint32_t>(start[i] - '0');
    }
  }
  return sum == written;
}

struct DecompressedSource::State : Reader {
  using Reader::Reader;
  bool ended = false;
};

DecompressedSource::DecompressedSource(ByteSource& source, Compression compression)
    : source_(source) {
  if (compression == Compression::kNone) return;
  if (compression == Compression::kGzip) {
    gzip_ = std::make_unique<GzipSource>(source);
    return;
  }
  state_ = std::make_unique<State>(source);
  struct archive* archive = state_->archive.get();
  archive_read_support_format_raw(archive);
  archive_read_support_format_empty(archive);
  archive_read_support_filter_zstd(archive);
}

DecompressedSource::~DecompressedSource() = default;

absl::StatusOr<size_t> DecompressedSource::Read(char* buffer, size_t size) {
  if (gzip_) return gzip_->Read(buffer, size);
  if (!state_) return source_.Read(buffer, size);
  if (!state_->opened) {
    PELAGOS_RETURN_IF_ERROR(state_->Open());
    struct archive_entry* entry = nullptr;
    const int result = archive_read_next_header(state_->archive.get(), &entry);
    state_->ended = result == ARCHIVE_EOF;
    if (result != ARCHIVE_EOF && result != ARCHIVE_OK) return state_->Error();
  }
  if (state_->ended) return 0;
  const la_ssize_t count = archive_read_data(state_->archive.get(), buffer, size);
  if (count < 0) return state_->Error();
  state_->ended = count == 0;
  return static_cast<size_t>(count);
}

}  // namespace pelagos::image
