#include "pelagos/store/json_bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace pelagos::store {
namespace {

TEST(JsonBytesTest, TextStaysAsItIs) {
  for (const std::string text :
       {"", "plain", "gr\u00fc\u00dfe", "\u65e5\u672c", "\U0001f600", "\U0010fe00"}) {
    EXPECT_EQ(BytesToText(text), text);
    EXPECT_EQ(TextToBytes(text), text);
  }
}

TEST(JsonBytesTest, EveryByteComesBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  // Overlong, a surrogate, cut off, beyond Unicode, and what looks like our own.
  for (const std::string& bytes :
       {all, std::string("\xff"), std::string("a\xc0\x80z"), std::string("\xed\xa0\x80"),
        std::string("x\xe2\x82"), std::string("\xf4\x90\x80\x80"), std::string("\U0010ff80"),
        std::string("\U0010ffff\xff"), std::string("\xf4\x8f\xbe"), BytesToText("\x80")}) {
    const std::string text = BytesToText(bytes);
    EXPECT_EQ(TextToBytes(text), bytes);
    // Strict: throws on what is no UTF-8.
    EXPECT_NO_THROW((void)nlohmann::json(text).dump());
  }
}

TEST(JsonBytesTest, WholeDocuments) {
  const nlohmann::json original = {{"a\xff", {1, "b\xfe", {{"c", "\xfd"}}}}, {"plain", nullptr}};
  nlohmann::json json = original;
  BytesToText(json);
  const std::string document = json.dump();
  EXPECT_TRUE(HasBytes(document));
  nlohmann::json again = nlohmann::json::parse(document);
  TextToBytes(again);
  EXPECT_EQ(again, original);
  EXPECT_FALSE(HasBytes(nlohmann::json({{"a", "\u65e5"}}).dump()));
}

}  // namespace
}  // namespace pelagos::store
