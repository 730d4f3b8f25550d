#include "pelagos/image/program/read_ahead.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

std::string Numbers(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

// A text, then an error, an exception, or a wait until it is abandoned.
class EndingSource : public ByteSource {
 public:
  enum class End { kError, kThrow, kWait };
  EndingSource(absl::string_view text, End end) : text_(text), end_(end) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const absl::StatusOr<size_t> count = text_.Read(buffer, std::min<size_t>(size, 10000));
    if (*count > 0) return count;
    if (end_ == End::kError) return absl::DataLossError("broken");
    if (end_ == End::kThrow) throw std::bad_alloc();
    std::unique_lock<std::mutex> lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return abandoned_; });
    return absl::CancelledError("abandoned");
  }
  void Abandon() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    abandoned_ = true;
    changed_.notify_all();
  }
  void AwaitWaiting() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return waiting_; });
  }

 private:
  StringSource text_;
  const End end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false, abandoned_ = false;
};

absl::StatusOr<std::string> ReadAll(ByteSource& source, size_t piece) {
  std::string content;
  std::vector<char> buffer(piece);
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, source.Read(buffer.data(), piece));
    if (count == 0) return content;
    content.append(buffer.data(), count);
  }
}

constexpr size_t kBlock = ReadAhead::kBlockSize;

TEST(ReadAhead, GivesAndHashesEveryByte) {
  for (const size_t size :
       {size_t{0}, size_t{1}, kBlock - 1, kBlock, kBlock + 1, 5 * kBlock, 20 * kBlock + 7}) {
    const std::string text = Numbers(size);
    for (const size_t piece : {size_t{1000}, kBlock, size_t{1} << 20}) {
      StringSource source(text);
      ReadAhead ahead(source, source);
      EXPECT_EQ(*ReadAll(ahead, piece), text);
      EXPECT_EQ(*ahead.Finish(), Sha256Of(text)) << size;
    }
  }
}

TEST(ReadAhead, GivesBlocksWhereTheyAre) {
  const std::string text = Numbers(9 * kBlock + 5);
  StringSource source(text);
  ReadAhead ahead(source, source);
  std::string content;
  std::vector<char> room;
  char first[3];
  ASSERT_EQ(*ahead.Read(first, sizeof(first)), sizeof(first));
  content.append(first, sizeof(first));
  for (;;) {
    const absl::StatusOr<absl::string_view> bytes = ahead.Next(room);
    ASSERT_TRUE(bytes.ok());
    if (bytes->empty()) break;
    content.append(bytes->data(), bytes->size());
  }
  EXPECT_TRUE(room.empty());
  EXPECT_EQ(content, text);
  EXPECT_EQ(*ahead.Finish(), Sha256Of(text));
}

TEST(ReadAhead, AnErrorComesBehindWhatWasThere) {
  for (const auto end : {EndingSource::End::kError, EndingSource::End::kThrow}) {
    for (const size_t size : {size_t{0}, size_t{10}, kBlock, 7 * kBlock + 1}) {
      const std::string text = Numbers(size);
      EndingSource source(text, end);
      ReadAhead ahead(source, source);
      std::string content;
      absl::StatusOr<size_t> count = 0;
      do {
        char buffer[5000];
        count = ahead.Read(buffer, sizeof(buffer));
        if (count.ok()) content.append(buffer, *count);
      } while (count.ok() && *count > 0);
      EXPECT_EQ(content, text);
      EXPECT_EQ(count.status().code(), end == EndingSource::End::kError
                                           ? absl::StatusCode::kDataLoss
                                           : absl::StatusCode::kResourceExhausted);
    }
  }
}

TEST(ReadAhead, CanBeLeftAtAnyTime) {
  const std::string text = Numbers(30 * kBlock);
  for (const size_t taken : {size_t{0}, size_t{1}, kBlock, 3 * kBlock, 29 * kBlock}) {
    StringSource source(text);
    ReadAhead ahead(source, source);
    for (size_t left = taken; left > 0;) {
      std::vector<char> buffer(left);
      left -= *ahead.Read(buffer.data(), left);
    }
  }
}

TEST(ReadAhead, ASourceThatWaitsIsAbandoned) {
  const std::string text = Numbers(2 * kBlock);
  EndingSource source(text, EndingSource::End::kWait);
  ReadAhead ahead(source, source);
  char byte;
  ASSERT_EQ(*ahead.Read(&byte, 1), 1u);
  source.AwaitWaiting();
  ahead.Stop();
  std::vector<char> room;
  ASSERT_TRUE(ahead.Next(room).ok());  // the rest of the block it had
  EXPECT_TRUE(absl::IsCancelled(ahead.Next(room).status()));
}

}  // namespace
}  // namespace pelagos::image
