#include "pelagos/reml/json_text.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {
namespace {

constexpr size_t kDeep = 1'000'000;

class JsonTextTest : public testing::Test {
 protected:
  // The value in write form, or the message.
  std::string Parse(absl::string_view text) {
    const absl::StatusOr<Value> value = ParseJson(heap_, text, &work_);
    return value.ok() ? Write(*value) : std::string(value.status().message());
  }
  Value Shared(int levels) {
    Value value = Value::Fixnum(1);
    for (int i = 0; i < levels; ++i) value = heap_.List({value, value});
    return value;
  }

  Heap heap_{size_t{256} << 20};
  uint64_t work_ = 0;
};

TEST_F(JsonTextTest, AMillionArraysInOneAnotherAreReadAndWritten) {
  const std::string text = std::string(kDeep, '[') + std::string(kDeep, ']');
  const absl::StatusOr<Value> value = ParseJson(heap_, text, &work_);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(*JsonText(*value), text);
}

TEST_F(JsonTextTest, AHundredThousandObjectsInOneAnotherAreReadAndWritten) {
  constexpr size_t kObjects = kDeep / 10;
  std::string text;
  for (size_t i = 0; i < kObjects; ++i) absl::StrAppend(&text, "{\"a\":");
  absl::StrAppend(&text, "1", std::string(kObjects, '}'));
  const absl::StatusOr<Value> value = ParseJson(heap_, text, &work_);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(*JsonText(*value), text);
}

TEST_F(JsonTextTest, AMillionOpenArraysAreAnError) {
  EXPECT_EQ(Parse(std::string(kDeep, '[')),
            "line 1, column 1000001: unexpected end of input; expected '[', '{', or a literal");
}

TEST_F(JsonTextTest, AnErrorPointsAtTheTokenThatIsWrong) {
  EXPECT_EQ(Parse("[1,\n  tru]"), "line 2, column 3: invalid literal");
  EXPECT_EQ(Parse("[\"é\", 1 \"abc\"]"),
            "line 1, column 9: unexpected string literal; expected ']'");
  EXPECT_EQ(Parse("[\"a\nb\"]"),
            "line 1, column 4: invalid string: control character U+000A (LF) must be escaped to "
            "\\u000A or \\n");
  EXPECT_EQ(Parse("\xff"), "line 1, column 1: invalid literal");
}

TEST_F(JsonTextTest, LongTokensAreCutOff) {
  EXPECT_LT(Parse(std::string(5000, '9') + "e999").size(), 300u);
  EXPECT_EQ(Parse("[\"" + std::string(5000, 'x')),
            "line 1, column 2: invalid string: missing closing quote");
}

TEST_F(JsonTextTest, AHeapThatIsFullIsAnError) {
  Heap small(size_t{1} << 16);
  std::string text = "[0";
  for (int i = 0; i < 100'000; ++i) absl::StrAppend(&text, ",", i);
  const absl::StatusOr<Value> value = ParseJson(small, text + "]", &work_);
  EXPECT_TRUE(absl::IsResourceExhausted(value.status())) << value.status();
}

TEST_F(JsonTextTest, ReadingCountsItsWork) {
  Parse("[1,2,3]");
  EXPECT_EQ(work_, 4u);
}

TEST_F(JsonTextTest, TextHasALimitHoweverSmallTheValue) {
  const Value shared = Shared(60);
  const absl::StatusOr<std::string> text = JsonText(shared, 0, 1 << 20);
  EXPECT_TRUE(absl::IsResourceExhausted(text.status())) << text.status();
  EXPECT_TRUE(absl::IsResourceExhausted(JsonText(Shared(3), 4, 20).status()));
  EXPECT_EQ(*JsonText(Shared(2), 0, 13), "[[1,1],[1,1]]");
  EXPECT_TRUE(absl::IsResourceExhausted(JsonText(Shared(2), 0, 12).status()));
}

// Lists that share their ends are each looked at before anything is written.
TEST_F(JsonTextTest, SharedEndsAreNotReadAgainAndAgain) {
  Value end;
  for (int i = 0; i < 100'000; ++i) end = heap_.Cons(Value::Fixnum(1), end);
  Value value = Value::Fixnum(1);
  for (int i = 0; i < 100'000; ++i) value = heap_.Cons(value, end);
  EXPECT_TRUE(absl::IsResourceExhausted(JsonText(value, 0, 1 << 20).status()));
}

TEST_F(JsonTextTest, AVectorMayContainItselfButIsNotWritten) {
  const Value vector = heap_.Vector({Value::Nil()});
  vector.vector()->items[0] = heap_.List({vector});
  EXPECT_EQ(JsonText(vector).status().message(), "the vector contains itself");
}

TEST_F(JsonTextTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(*JsonText(heap_.String("a\xff\xc3"
                                   "é")),
            "\"a\\ufffd\\ufffdé\"");
}

}  // namespace
}  // namespace pelagos::reml
