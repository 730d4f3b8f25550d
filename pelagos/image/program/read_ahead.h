// Reads a stream ahead of who uses it, and hashes it, in threads of their own: decompressing,
// hashing and writing files go on at the same time.
//
//   ReadAhead's reader: source.Read --> ring of blocks --> hasher: SHA-256
//                                            +----------> whoever calls Read or Next
//
// A stream that fits into one block takes no thread, nor does one on a machine that has none left.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/digest.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/program/sha256.h"

namespace pelagos::image {

// Its users are one thread.
class ReadAhead : public ByteSource {
 public:
  static constexpr size_t kBlockSize = size_t{256} << 10;
  static constexpr size_t kBlocks = 4;

  // Both outlive it. `source` is read by another thread from the first Read on until the end, an
  // error, or Stop. `origin` is what `source` waits for: it is abandoned by Stop.
  ReadAhead(ByteSource& source, ByteSource& origin) : source_(source), origin_(origin) {}
  ~ReadAhead() override { Stop(); }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;
  absl::StatusOr<absl::string_view> Next(std::vector<char>& unused) override;

  // Of all that was read. Requires: it was read to its end.
  absl::StatusOr<Digest> Finish();

  // No thread of it is there afterwards, and nothing can be read.
  void Stop();

 private:
  struct Block {
    std::vector<char> bytes;
    size_t size = 0;
  };

  Block& block(uint64_t number) { return blocks_[number % kBlocks]; }
  void Fill(Block& block);
  void StartThreads();
  void ReadBlocks();
  void HashBlocks();

  ByteSource& source_;
  ByteSource& origin_;
  Block blocks_[kBlocks];
  std::thread reader_, hasher_;
  Sha256 sha256_;              // the hasher's, if there is one
  absl::Status hash_status_;   // likewise
  absl::string_view current_;  // what the user has not taken of its block
  bool holds_ = false;         // the user is at block taken_

  std::mutex mutex_;
  std::condition_variable filled_, freed_;
  uint64_t read_ = 0, hashed_ = 0, taken_ = 0;  // numbers of blocks
  bool ended_ = false, stopped_ = false;
  absl::Status status_;  // why it ended
};

}  // namespace pelagos::image
