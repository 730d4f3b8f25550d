#include "pelagos/lsp/message.h"

#include <gtest/gtest.h>

#include <string>

namespace pelagos::lsp {
namespace {

TEST(Message, Parse) {
  EXPECT_EQ(ParseJson("{\"a\":[1,\"]\\\"[\"]}"), (Json{{"a", {1, "]\"["}}}));
  for (const char* text : {"", "{", "[1,]", "{\"a\":1}x", "\"\\ud800\"", "nul", "\xff", "01"}) {
    EXPECT_EQ(ParseJson(text), std::nullopt) << text;
  }
}

TEST(Message, SmallTextsDoNotBecomeLargeValues) {
  EXPECT_NE(ParseJson(std::string(128, '[') + std::string(128, ']')), std::nullopt);
  EXPECT_EQ(ParseJson(std::string(129, '[') + std::string(129, ']')), std::nullopt);
  EXPECT_EQ(ParseJson(std::string(10'000'000, '[')), std::nullopt);
  std::string many = "[0";
  for (int i = 0; i < 1'000'000; ++i) many += ",0";
  EXPECT_EQ(ParseJson(many + "]"), std::nullopt);
  // In a text they are only text.
  EXPECT_NE(ParseJson("\"" + std::string(1'000'000, '[') + "\""), std::nullopt);
}

TEST(Message, MembersThatAreNotThere) {
  const Json json = *ParseJson(
      "{\"a\":{\"b\":1},\"t\":\"x\",\"l\":[1],\"n\":-1.5,\"y\":true,"
      "\"big\":18446744073709551615}");
  EXPECT_EQ(*Find(json, "a", "b"), 1);
  EXPECT_EQ(Find(json, "a", "c"), nullptr);
  EXPECT_EQ(Find(json, "t", "c"), nullptr);
  EXPECT_EQ(Find(*Find(json, "l"), "a"), nullptr);
  EXPECT_EQ(TextIn(json, "t"), "x");
  EXPECT_EQ(TextIn(json, "a"), "");
  EXPECT_EQ(NumberIn(*Find(json, "a"), "b"), 1);
  EXPECT_EQ(NumberIn(json, "n"), std::nullopt);
  EXPECT_EQ(NumberIn(json, "big"), INT64_MAX);
  EXPECT_EQ(ListIn(json, "l").size(), 1u);
  EXPECT_EQ(ListIn(json, "a").size(), 0u);
  EXPECT_TRUE(TrueIn(json, "y"));
  EXPECT_FALSE(TrueIn(json, "t"));
}

TEST(Message, Written) {
  EXPECT_EQ(ResultMessage(7, nullptr), "{\"id\":7,\"jsonrpc\":\"2.0\",\"result\":null}");
  EXPECT_EQ(ErrorMessage("x", ErrorCode::kMethodNotFound, "no"),
            "{\"error\":{\"code\":-32601,\"message\":\"no\"},\"id\":\"x\",\"jsonrpc\":\"2.0\"}");
  EXPECT_EQ(NotificationMessage("m", Json::array()),
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[]}");
  // Bytes that are no text do not spoil the message.
  EXPECT_EQ(ResultMessage(1, "\xff"), "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":\"\xef\xbf\xbd\"}");
}

}  // namespace
}  // namespace pelagos::lsp
