#include "pelagos/language/types.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/language/vocabulary.h"

namespace pelagos::language {
namespace {

std::string DatumType(const std::string& text) {
  const reml::SyntaxTree tree(text);
  return TypeName(TypeOfDatum(tree, tree.FirstDatum(reml::SyntaxTree::kRoot)));
}

TEST(TypesTest, NamesOfSignatures) {
  EXPECT_EQ(TypeName(ParseType("int")), "int");
  EXPECT_EQ(TypeName(ParseType("number")), "int|float");
  EXPECT_EQ(TypeName(ParseType("list")), "pair|nil");
  EXPECT_EQ(TypeName(ParseType("list<string>")), "pair|nil");
  EXPECT_EQ(TypeName(ParseType("int|bool")), "int|bool");
  EXPECT_EQ(TypeName(ParseType("text")), "string|symbol|keyword");
  EXPECT_EQ(TypeName(ParseType("service-spec")), "service-spec");
  EXPECT_TRUE(ParseType("any").any());
  EXPECT_TRUE(ParseType("").any());
  // Nobody can tell what a type is that no signature names.
  EXPECT_TRUE(ParseType("nobody-knows").any());
}

TEST(TypesTest, EveryTypeOfTheLayersAboveIsOfItsOwn) {
  for (const Word& word : Vocabulary::Get().words()) {
    for (const reml::Parameter& parameter : word.signature.parameters) {
      if (parameter.type == "any") continue;
      EXPECT_FALSE(ParseType(parameter.type).any()) << word.name() << " " << parameter.type;
    }
  }
  EXPECT_TRUE((ParseType("future") & ParseType("container")).empty());
}

TEST(TypesTest, Sets) {
  const TypeSet number = ParseType("number");
  EXPECT_TRUE((number & ParseType("text")).empty());
  EXPECT_EQ(number & ParseType("int|string"), ParseType("int"));
  EXPECT_TRUE(ParseType("int").single());
  EXPECT_FALSE(number.single());
  EXPECT_TRUE(TypeSet().empty());
  EXPECT_FALSE(kAnyType.single());
}

TEST(TypesTest, OfData) {
  EXPECT_EQ(DatumType("5"), "int");
  EXPECT_EQ(DatumType("-5"), "int");
  EXPECT_EQ(DatumType("1.5"), "float");
  EXPECT_EQ(DatumType("-.5e3"), "float");
  EXPECT_EQ(DatumType("\"a\""), "string");
  EXPECT_EQ(DatumType("#\\a"), "char");
  EXPECT_EQ(DatumType("#t"), "bool");
  EXPECT_EQ(DatumType("#false"), "bool");
  EXPECT_EQ(DatumType(":key"), "keyword");
  EXPECT_EQ(DatumType("()"), "nil");
  EXPECT_EQ(DatumType("(a . b)"), "pair");
  EXPECT_EQ(DatumType("#(1)"), "vector");
  EXPECT_EQ(DatumType("'a"), "pair");
  EXPECT_EQ(TypeOfDatum(reml::SyntaxTree("abc"), 1), ParseType("symbol"));
  EXPECT_EQ(DatumType("+"), TypeName(ParseType("symbol")));
  EXPECT_EQ(DatumType("..."), TypeName(ParseType("symbol")));
  EXPECT_EQ(DatumType("-"), TypeName(ParseType("symbol")));
  EXPECT_EQ(DatumType("1+"), TypeName(ParseType("symbol")));
}

TEST(TypesTest, SamplesAreOfTheirTypes) {
  EXPECT_TRUE(SamplesOf(ParseType("container")).empty());
  for (const char* type : {"int", "float", "string", "bool", "char", "keyword", "vector"}) {
    for (absl::string_view sample : SamplesOf(ParseType(type))) {
      EXPECT_EQ(DatumType(std::string(sample)), type) << sample;
    }
    EXPECT_FALSE(SamplesOf(ParseType(type)).empty()) << type;
  }
}

}  // namespace
}  // namespace pelagos::language
