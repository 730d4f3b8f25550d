#include "pelagos/image/program/gzip_source.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::image {
namespace {

constexpr size_t kSpare = 8;    // the inflater reads so far ahead
constexpr size_t kTrailer = 8;  // check sum and size

absl::Status Damaged(absl::string_view why) {
  return absl::DataLossError(absl::StrCat("the archive is damaged: ", why));
}

constexpr size_t kFixed = 10;  // bytes of a header without any fields
constexpr unsigned kCrc = 2, kExtra = 4, kName = 8, kComment = 16, kReserved = 0xe0;

// The size of the header at the start of `bytes`: 0 if it is none, nullopt if more of it is needed.
std::optional<size_t> HeaderSize(absl::string_view bytes) {
  if (bytes.size() < kFixed) return std::nullopt;
  if (!absl::StartsWith(bytes, absl::string_view("\x1f\x8b\x08", 3))) return 0;
  const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned flags = at(3);
  if ((flags & kReserved) != 0) return 0;
  size_t size = kFixed;
  if ((flags & kExtra) != 0) {
    if (bytes.size() < size + 2) return std::nullopt;
    size += 2 + (size_t{at(size + 1)} << 8 | at(size));
  }
  for (const unsigned text : {kName, kComment}) {
    if ((flags & text) == 0) continue;
    const size_t zero = size > bytes.size() ? absl::string_view::npos : bytes.find('\0', size);
    if (zero == absl::string_view::npos) return std::nullopt;
    size = zero + 1;
  }
  if ((flags & kCrc) != 0) size += 2;
  if (bytes.size() < size) return std::nullopt;
  return size;
}

}  // namespace

struct GzipSource::Inflater {
  inflate_state state;
};

GzipSource::GzipSource(ByteSource& source)
    : source_(source),
      inflater_(std::make_unique<Inflater>()),
      input_(kSpare + kInput),
      begin_(kSpare),
      end_(kSpare) {}

GzipSource::~GzipSource() = default;

absl::string_view GzipSource::there() const {
  return absl::string_view(input_.data() + begin_, end_ - begin_);
}

// Reads on, behind what is there. False if the source has no more, or if there is no room.
absl::StatusOr<bool> GzipSource::More() {
  if (begin_ == end_) {
    begin_ = end_ = kSpare;
  } else if (begin_ > kSpare && end_ == input_.size()) {
    std::memmove(input_.data() + kSpare, input_.data() + begin_, end_ - begin_);
    end_ -= begin_ - kSpare;
    begin_ = kSpare;
  }
  if (source_ended_ || end_ == input_.size()) return false;
  PELAGOS_ASSIGN_OR_RETURN(const size_t count,
                           source_.Read(input_.data() + end_, input_.size() - end_));
  end_ += count;
  source_ended_ = count == 0;
  return count > 0;
}

absl::Status GzipSource::TakeHeader() {
  std::optional<size_t> size = HeaderSize(there());
  while (!size) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, More());
    if (!more && !source_ended_) return Damaged("its gzip header is too long");
    if (!more) break;
    size = HeaderSize(there());
  }
  // A header that the stream ends in is none; but one whose last field has a size is damaged.
  const bool sized = !size && there().size() >= kFixed + 2 &&
                     (there()[3] & (kExtra | kName | kComment | kCrc)) == kExtra;
  if (sized) return Damaged("truncated gzip input");
  if (size.value_or(0) == 0) {
    at_ = first_ ? At::kNoGzip : At::kEnd;
    return absl::OkStatus();
  }
  first_ = false;
  begin_ += *size;
  isal_inflate_init(&inflater_->state);
  at_ = At::kMember;
  return absl::OkStatus();
}

absl::Status GzipSource::TakeTrailer() {
  while (there().size() < kTrailer) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, More());
    if (!more) return Damaged("truncated gzip trailer");
  }
  begin_ += kTrailer;
  at_ = At::kHeader;
  return absl::OkStatus();
}

// Some bytes of the member's content; 0 if that takes more input, or at its end.
absl::StatusOr<size_t> GzipSource::Inflate(char* buffer, size_t size) {
  inflate_state& state = inflater_->state;
  state.next_in = reinterpret_cast<uint8_t*>(input_.data() + begin_);
  state.avail_in = static_cast<uint32_t>(end_ - begin_);
  state.next_out = reinterpret_cast<uint8_t*>(buffer);
  state.avail_out =
      static_cast<uint32_t>(std::min<size_t>(size, std::numeric_limits<int32_t>::max()));
  const uint32_t room = state.avail_out;
  if (isal_inflate(&state) < 0) return Damaged("gzip decompression failed");
  begin_ = end_ - state.avail_in;
  const size_t count = room - state.avail_out;
  if (state.block_state != ISAL_BLOCK_FINISH) {
    // Whatever it waits for, it is not what is there.
    if (count == 0 && state.avail_in > 0) return Damaged("gzip decompression failed");
    return count;
  }
  // It may have taken some bytes behind the member's end.
  const size_t unused =
      state.read_in_length > 0 ? static_cast<size_t>(state.read_in_length) / 8 : 0;
  uint64_t bits = state.read_in >> (state.read_in_length & 7);
  begin_ -= unused;
  for (size_t i = 0; i < unused; ++i, bits >>= 8) {
    input_[begin_ + i] = static_cast<char>(bits & 0xff);
  }
  at_ = At::kTrailer;
  return count;
}

absl::StatusOr<size_t> GzipSource::Read(char* buffer, size_t size) {
  for (;;) {
    switch (at_) {
      case At::kHeader:
        PELAGOS_RETURN_IF_ERROR(TakeHeader());
        break;
      case At::kMember: {
        PELAGOS_ASSIGN_OR_RETURN(const size_t count, Inflate(buffer, size));
        if (count > 0) return count;
        if (at_ != At::kMember) break;
        PELAGOS_ASSIGN_OR_RETURN(const bool more, More());
        if (!more) return Damaged("truncated gzip input");
        break;
      }
      case At::kTrailer:
        PELAGOS_RETURN_IF_ERROR(TakeTrailer());
        break;
      case At::kEnd:
        return 0;
      case At::kNoGzip: {
        if (there().empty()) return source_ended_ ? 0 : source_.Read(buffer, size);
        const size_t count = std::min(size, there().size());
        std::memcpy(buffer, there().data(), count);
        begin_ += count;
        return count;
      }
    }
  }
}

}  // namespace pelagos::image
