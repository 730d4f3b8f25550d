// Streams of bytes that are pulled, one wrapped around the other:
//
//   file -> decompress -> outer tar -> one entry -> hash -> decompress -> limit -> read ahead, hash
//   -> layer's tar
//
// Nothing is ever held as a whole: memory stays below 2 MiB per layer.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/digest.h"
#include "pelagos/image/program/sha256.h"

namespace pelagos::image {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` > 0 bytes; 0 only at the end. After an error nothing more is read.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
  // The next bytes, where they are, until the next call of any kind; none only at the end. `room`
  // is for sources that have them nowhere, and must live as long.
  virtual absl::StatusOr<absl::string_view> Next(std::vector<char>& room) {
    constexpr size_t kRoom = size_t{64} << 10;
    if (room.empty()) room.resize(kRoom);
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, Read(room.data(), room.size()));
    return absl::string_view(room.data(), count);
  }
  // Called by another thread than that which reads: nobody wants the bytes any more. Who waits in
  // Read gets Cancelled, if the source is one that can tell.
  virtual void Abandon() {}
};

// What one load or import may use, over all its layers; against bombs. Generous: no image in use
// comes near.
struct Limits {
  uint64_t max_bytes = uint64_t{64} << 30;   // unpacked
  uint64_t max_entries = uint64_t{4} << 20;  // files, folders, links
};

// Thread-safe: layers that are unpacked at the same time share one.
class Budget {
 public:
  explicit Budget(Limits limits) : limits_(limits) {}

  absl::Status TakeBytes(uint64_t count) {
    // No single piece is near 2^63 bytes: the sum cannot wrap before it is noticed.
    if (bytes_.fetch_add(count) + count > limits_.max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("it unpacks to more than ", limits_.max_bytes, " bytes (--max-bytes)"));
    }
    return absl::OkStatus();
  }
  absl::Status TakeEntry() {
    if (++entries_ > limits_.max_entries) {
      return absl::ResourceExhaustedError(
          absl::StrCat("it has more than ", limits_.max_entries, " entries (--max-entries)"));
    }
    return absl::OkStatus();
  }
  const Limits& limits() const { return limits_; }

 private:
  Limits limits_;
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> entries_ = 0;
};

// Reads a descriptor, which stays the caller's.
class FdSource : public ByteSource {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    for (;;) {
      const ssize_t count = ::read(fd_, buffer, size);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return ErrnoStatus(errno, "read", "the archive");
    }
  }

 private:
  int fd_;
};

// A text, for tests and documents. The text must outlive it.
class StringSource : public ByteSource {
 public:
  explicit StringSource(absl::string_view text) : left_(text) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t count = std::min(size, left_.size());
    if (count > 0) std::memcpy(buffer, left_.data(), count);
    left_.remove_prefix(count);
    return count;
  }

 private:
  absl::string_view left_;
};

// Shows the first bytes of a stream before it is read.
class PeekSource : public ByteSource {
 public:
  static constexpr size_t kSize = 512;  // one tar header

  explicit PeekSource(ByteSource& source) : source_(source) {}

  // Up to kSize bytes; fewer only if the stream is that short.
  absl::StatusOr<absl::string_view> Peek() {
    while (!ended_ && peeked_.size() < kSize) {
      char buffer[kSize];
      PELAGOS_ASSIGN_OR_RETURN(const size_t count, source_.Read(buffer, kSize - peeked_.size()));
      ended_ = count == 0;
      peeked_.append(buffer, count);
    }
    return absl::string_view(peeked_).substr(position_);
  }

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    if (position_ == peeked_.size()) return source_.Read(buffer, size);
    const size_t count = std::min(size, peeked_.size() - position_);
    std::memcpy(buffer, peeked_.data() + position_, count);
    position_ += count;
    return count;
  }

 private:
  ByteSource& source_;
  std::string peeked_;
  size_t position_ = 0;
  bool ended_ = false;
};

// Takes what goes through from a budget.
class LimitedSource : public ByteSource {
 public:
  LimitedSource(ByteSource& source, Budget& budget) : source_(source), budget_(budget) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, source_.Read(buffer, size));
    PELAGOS_RETURN_IF_ERROR(budget_.TakeBytes(count));
    return count;
  }

 private:
  ByteSource& source_;
  Budget& budget_;
};

// Hashes and counts what goes through.
class HashingSource : public ByteSource {
 public:
  explicit HashingSource(ByteSource& source) : source_(source) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, source_.Read(buffer, size));
    sha256_.Update({buffer, count});
    size_ += count;
    return count;
  }

  // Of all that was read; nothing may be read after it.
  Digest Finish() { return sha256_.Finish(); }
  uint64_t size() const { return size_; }

 private:
  ByteSource& source_;
  Sha256 sha256_;
  uint64_t size_ = 0;
};

// Writes what goes through to a file too, which stays the caller's.
class KeepingSource : public ByteSource {
 public:
  KeepingSource(ByteSource& source, int fd) : source_(source), fd_(fd) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, source_.Read(buffer, size));
    for (size_t done = 0; done < count;) {
      const ssize_t written = ::write(fd_, buffer + done, count - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return ErrnoStatus(errno, "write", "a blob in the store");
      done += static_cast<size_t>(written);
    }
    return count;
  }

 private:
  ByteSource& source_;
  int fd_;
};

// Reads to the end, for what stands behind it (digests) or before it (a writer in a pipe).
inline absl::Status Drain(ByteSource& source) {
  std::vector<char> buffer(size_t{64} << 10);
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, source.Read(buffer.data(), buffer.size()));
    if (count == 0) return absl::OkStatus();
  }
}

}  // namespace pelagos::image
