#include "pelagos/image/program/read_ahead.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

#include "pelagos/base/status_macros.h"

namespace pelagos::image {

// As much as fits. Called by the reader; or by the user, while there is no reader.
void ReadAhead::Fill(Block& block) {
  block.bytes.resize(kBlockSize);
  block.size = 0;
  absl::Status status;
  bool ended = false;
  try {
    while (!ended && block.size < kBlockSize) {
      const absl::StatusOr<size_t> count =
          source_.Read(block.bytes.data() + block.size, kBlockSize - block.size);
      status = count.status();
      ended = !count.ok() || *count == 0;
      if (!ended) block.size += *count;
    }
  } catch (const std::exception& error) {  // the standard library's: out of memory
    status = absl::ResourceExhaustedError(error.what());
    ended = true;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (block.size > 0) ++read_;
    ended_ = ended;
    status_ = std::move(status);
  }
  filled_.notify_all();
}

void ReadAhead::StartThreads() {
  try {
    reader_ = std::thread([this] { ReadBlocks(); });
    hasher_ = std::thread([this] { HashBlocks(); });
  } catch (const std::system_error&) {
    // None to be had: the user does it.
  }
}

void ReadAhead::ReadBlocks() {
  for (;;) {
    Block* free = nullptr;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      freed_.wait(
          lock, [&] { return stopped_ || ended_ || read_ - std::min(hashed_, taken_) < kBlocks; });
      if (stopped_ || ended_) return;
      free = &block(read_);
    }
    Fill(*free);
  }
}

void ReadAhead::HashBlocks() {
  for (;;) {
    Block* full = nullptr;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      filled_.wait(lock, [&] { return stopped_ || ended_ || hashed_ < read_; });
      if (stopped_ || hashed_ == read_) return;
      full = &block(hashed_);
    }
    try {
      sha256_.Update({full->bytes.data(), full->size});
    } catch (const std::exception& error) {
      hash_status_ = absl::ResourceExhaustedError(error.what());
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++hashed_;
    }
    freed_.notify_one();  // only the reader waits for it
  }
}

absl::StatusOr<absl::string_view> ReadAhead::Next(std::vector<char>&) {
  if (!current_.empty()) return std::exchange(current_, {});
  std::unique_lock<std::mutex> lock(mutex_);
  if (holds_) {
    ++taken_;
    holds_ = false;
    freed_.notify_one();
  }
  for (;;) {
    if (stopped_) return absl::CancelledError("the stream was given up");
    if (taken_ < read_) {
      Block& full = block(taken_);
      holds_ = true;
      // The user hashes what no other thread does.
      const bool unhashed = !hasher_.joinable() && hashed_ == taken_;
      if (unhashed) ++hashed_;
      lock.unlock();
      if (unhashed) sha256_.Update({full.bytes.data(), full.size});
      return absl::string_view(full.bytes.data(), full.size);
    }
    if (ended_) {
      if (!status_.ok()) return status_;
      return absl::string_view();
    }
    if (reader_.joinable()) {
      filled_.wait(lock, [&] { return stopped_ || ended_ || taken_ < read_; });
      continue;
    }
    const bool first = read_ == 0;
    lock.unlock();
    Fill(block(taken_));
    if (first && !ended_) StartThreads();
    lock.lock();
  }
}

absl::StatusOr<size_t> ReadAhead::Read(char* buffer, size_t size) {
  if (current_.empty()) {
    std::vector<char> unused;
    PELAGOS_ASSIGN_OR_RETURN(current_, Next(unused));
  }
  const size_t count = std::min(size, current_.size());
  if (count > 0) std::memcpy(buffer, current_.data(), count);
  current_.remove_prefix(count);
  return count;
}

absl::StatusOr<Digest> ReadAhead::Finish() {
  if (reader_.joinable()) reader_.join();
  if (hasher_.joinable()) hasher_.join();
  PELAGOS_RETURN_IF_ERROR(hash_status_);
  return sha256_.Finish();
}

void ReadAhead::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    filled_.notify_all();
    freed_.notify_all();
  }
  if (reader_.joinable()) {
    bool waits = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      waits = !ended_;
    }
    if (waits) origin_.Abandon();
    reader_.join();
  }
  if (hasher_.joinable()) hasher_.join();
}

}  // namespace pelagos::image
