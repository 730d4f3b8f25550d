#include "pelagos/image/program/gzip_source.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/gzip_by_libarchive.h"
#include "pelagos/image/program/tar_for_tests.h"

namespace pelagos::image {
namespace {

using ::testing::HasSubstr;

// Gives a text in pieces of one size.
class PieceSource : public ByteSource {
 public:
  PieceSource(absl::string_view text, size_t piece) : text_(text), piece_(piece) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    return text_.Read(buffer, std::min(size, piece_));
  }

 private:
  StringSource text_;
  size_t piece_;
};

absl::StatusOr<std::string> Gunzip(absl::string_view bytes, size_t input_piece = 1 << 20,
                                   size_t output_piece = 65536) {
  PieceSource source(bytes, input_piece);
  GzipSource gzip(source);
  std::string content;
  std::vector<char> buffer(output_piece);
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, gzip.Read(buffer.data(), buffer.size()));
    if (count == 0) return content;
    content.append(buffer.data(), count);
  }
}

// As libarchive, in whichever pieces it comes and goes.
void ExpectAsLibarchive(const std::string& bytes, absl::string_view what) {
  const std::optional<std::string> expected = GzipByLibarchive(bytes);
  for (const size_t input : {1, 7, 1 << 20}) {
    for (const size_t output : {1, 100, 65536}) {
      const absl::StatusOr<std::string> content = Gunzip(bytes, input, output);
      ASSERT_EQ(content.ok(), expected.has_value()) << what << ": " << content.status();
      if (expected) {
        ASSERT_EQ(*content, *expected) << what;
      } else {
        ASSERT_TRUE(absl::IsDataLoss(content.status())) << content.status();
      }
    }
  }
}

// Texts, numbers, noise: something of every kind of block.
std::string Mixed(size_t size) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < size) {
    switch (random() % 3) {
      case 0:
        absl::StrAppend(&text, "the ", random() % 100, "th line of a text\n");
        break;
      case 1:
        text.append(random() % 300, static_cast<char>(random()));
        break;
      default:
        for (int i = 0; i < 40; ++i) text.push_back(static_cast<char>(random()));
    }
  }
  return text;
}

constexpr size_t kFlags = 3;  // where a header has them

// A member whose header has what `flags` say.
std::string WithHeader(unsigned char flags, const std::string& fields, const std::string& text) {
  std::string gzip = Gzip(text);
  gzip[kFlags] = static_cast<char>(flags);
  return gzip.insert(10, fields);
}

TEST(GzipSource, GivesTheContent) {
  for (const size_t size : {0, 1, 1000, 100000, 5000000}) {
    const std::string text = Mixed(size);
    EXPECT_EQ(*Gunzip(Gzip(text)), text);
    EXPECT_EQ(*Gunzip(Gzip(text), 1000, 333), text);
  }
  const std::string zeros(20 << 20, '\0');
  EXPECT_EQ(*Gunzip(Gzip(zeros)), zeros);
}

TEST(GzipSource, MembersFollowEachOther) {
  const std::string a = Gzip(Mixed(5000)), b = Gzip("b"), none = Gzip("");
  for (const std::string& bytes : {a + b, b + a, none + a, a + none + b, b + b + b + b, none}) {
    ExpectAsLibarchive(bytes, absl::StrCat(bytes.size(), " bytes"));
  }
  EXPECT_EQ(*Gunzip(b + none + b), "bb");
}

TEST(GzipSource, LeavesOutWhatIsBehindTheMembers) {
  const std::string member = Gzip("text");
  for (const std::string& rest :
       {std::string(1, '\0'), std::string(600, '\0'), std::string("garbage"), std::string("\x1f"),
        std::string("\x1f\x8b\x08"), std::string("\x1f\x8b\x08\xff garbage"), member.substr(0, 9),
        WithHeader(8, "no end of a name", "").substr(0, 20)}) {
    ExpectAsLibarchive(member + rest, "garbage");
    EXPECT_EQ(*Gunzip(member + rest), "text");
  }
}

TEST(GzipSource, TakesEveryHeader) {
  const std::string extra("\x03\x00xyz", 5), name("name\0", 5), comment("a comment\0", 10);
  const std::string crc("ab");  // not compared
  for (unsigned flags = 0; flags < 32; ++flags) {
    std::string fields;
    if (flags & 4) fields += extra;
    if (flags & 8) fields += name;
    if (flags & 16) fields += comment;
    if (flags & 2) fields += crc;
    const std::string bytes = WithHeader(static_cast<unsigned char>(flags), fields, "content");
    ExpectAsLibarchive(bytes, absl::StrCat("flags ", flags));
    EXPECT_EQ(*Gunzip(bytes), "content");
    for (size_t size = 0; size < 10 + fields.size(); ++size) {
      ExpectAsLibarchive(bytes.substr(0, size), absl::StrCat("a header of ", size));
    }
  }
}

TEST(GzipSource, TakesWhatIsNoGzipAsItIs) {
  for (const std::string& bytes :
       {std::string("plain"), std::string("\x1f\x8b\x08\x20reserved flags"), std::string("\x1f"),
        std::string("\x1f\x8b\x07 no deflate"), std::string()}) {
    ExpectAsLibarchive(bytes, bytes);
    EXPECT_EQ(*Gunzip(bytes), bytes);
  }
}

TEST(GzipSource, RefusesAHeaderWithoutEnd) {
  const absl::Status status =
      Gunzip(WithHeader(8, std::string(GzipSource::kInput, 'x'), "text")).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("gzip header is too long"));
  const std::string long_name(GzipSource::kInput - 100, 'x');
  EXPECT_EQ(*Gunzip(WithHeader(8, long_name + '\0', "text")), "text");
  // Also when it begins at the end of what was read before.
  const std::string text = Mixed(100000), first = Gzip(text);
  EXPECT_EQ(*Gunzip(first + WithHeader(8, long_name + '\0', "text")), text + "text");
}

TEST(GzipSource, NoticesEveryCut) {
  const std::string bytes = Gzip(Mixed(3000));
  for (size_t size = 0; size < bytes.size(); ++size) {
    ExpectAsLibarchive(bytes.substr(0, size), absl::StrCat("cut to ", size));
    EXPECT_TRUE(size < 10 || absl::IsDataLoss(Gunzip(bytes.substr(0, size)).status())) << size;
  }
}

TEST(GzipSource, TakesFlippedBitsAsLibarchiveDoes) {
  const std::string bytes = Gzip(Mixed(700));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    ExpectAsLibarchive(flipped, absl::StrCat("bit ", bit));
  }
}

}  // namespace
}  // namespace pelagos::image
