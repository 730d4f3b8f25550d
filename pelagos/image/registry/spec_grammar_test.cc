#include "pelagos/image/registry/spec_grammar.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

// Calls `visit` with every text of these characters, up to a length.
template <typename F>
void ForAll(const std::string& alphabet, size_t longest, F visit) {
  std::string text;
  const auto extend = [&](const auto& self) -> void {
    visit(text);
    if (text.size() == longest) return;
    for (const char c : alphabet) {
      text.push_back(c);
      self(self);
      text.pop_back();
    }
  };
  extend(extend);
}

TEST(SpecGrammarTest, TheParserAndTheSpecificationAgreeOnComponents) {
  int good = 0;
  ForAll("a0._-A", 6, [&](const std::string& text) {
    EXPECT_EQ(internal::IsComponent(text), IsSpecName(text)) << text;
    good += IsSpecName(text);
  });
  EXPECT_GT(good, 1000);
}

TEST(SpecGrammarTest, AndOnTags) {
  ForAll("aZ9._-/", 5, [&](const std::string& text) {
    EXPECT_EQ(internal::IsTag(text), IsSpecTag(text)) << text;
  });
  for (const size_t size : {127, 128, 129}) {
    EXPECT_EQ(internal::IsTag(std::string(size, 'a')), IsSpecTag(std::string(size, 'a')));
  }
}

TEST(SpecGrammarTest, AndOnWholeNames) {
  ForAll("a.-/", 7, [&](const std::string& text) {
    // With a registry before it, nothing is filled in.
    const std::string name = absl::StrCat("r.io/", text);
    EXPECT_EQ(ParseReference(name).ok(), IsSpecName(text)) << text;
  });
}

TEST(SpecGrammarTest, WhatIsParsedPasses) {
  for (const char* text : {"redis", "a/b:1", "localhost:5000/x__y/z--w:T_1", "ghcr.io/a.b/c"}) {
    EXPECT_TRUE(CheckSpecGrammar(*ParseReference(text)).ok()) << text;
  }
  EXPECT_FALSE(
      CheckSpecGrammar({.registry = "a.b", .repository = "../x", .tag = "1", .digest = {}}).ok());
  EXPECT_FALSE(
      CheckSpecGrammar({.registry = "a.b", .repository = "x", .tag = "1/2", .digest = {}}).ok());
}

}  // namespace
}  // namespace pelagos::image
