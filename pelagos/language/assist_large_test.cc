// Texts that nobody writes: very deep, very long, not closed. Everything is answered all the same.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pelagos/language/assist.h"
#include "pelagos/language/assist_testing.h"
#include "pelagos/language/rename.h"

namespace pelagos::language {
namespace {

std::string Repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(AssistLarge, EveryQuestion) {
  constexpr size_t kMany = 20'000;
  const std::string texts[] = {
      Repeated("(", kMany),
      Repeated("'", kMany),
      Repeated("#;", kMany),
      Repeated(")", kMany),
      Repeated("\"", kMany),
      Repeated("#|", kMany),
      Repeated("; a\n", kMany) + "(define a 1) a",
      Repeated("(let ((a 1)) ", kMany) + "a",
      Repeated("(define (a a) ", kMany) + "(a",
      Repeated("(service \"a\" '(depends-on \"", kMany),
      "(service \"a\" '(depends-on " + Repeated("\"a\" ", kMany) + "))",
      "(define-service a \"a\" " + Repeated(":depends-on \"a\" ", kMany) + ")",
      "(define a 1) " + Repeated("a ", kMany),
      Repeated("(define a (service \"a\")) ", kMany / 10),
      Repeated("(list 'image ", kMany),
      Repeated("(define-service a \"a\" :image (", kMany / 10),
      "(define f (lambda (" + Repeated("a ", kMany) + ") 1)) (f 1 ",
      Repeated("`(a ,@(b ", kMany) + "c",
  };
  for (const std::string& text : texts) {
    const Marked program(text);
    const uint32_t size = static_cast<uint32_t>(text.size());
    const auto inside = [&](Range range) {
      EXPECT_LE(range.begin, range.end) << text.substr(0, 40);
      EXPECT_LE(range.end, size) << text.substr(0, 40);
    };
    for (const Symbol& symbol : SymbolsOf(program.names)) inside(symbol.range);
    for (const uint32_t offset : {0u, 1u, 15u, size / 2, size - 1, size}) {
      if (const auto hover = HoverAt(program.names, offset)) {
        inside(hover->range);
        EXPECT_LT(hover->markdown.size(), 10'000u);
      }
      inside(CompleteAt(program.names, offset).range);
      if (const auto help = SignatureAt(program.names, offset)) {
        EXPECT_LT(help->active, help->ways.size());
      }
      if (const auto place = DefinitionOf(program.names, offset)) inside(place->range);
      for (const Range& range : UsesOf(program.names, offset)) inside(range);
      const auto renaming = RenameAt(program.names, offset);
      if (!renaming.ok()) continue;
      EXPECT_TRUE(CheckRenaming(program.names, *renaming, "other", "", nullptr).ok());
    }
  }
}

// What is beyond the text is its end.
TEST(AssistLarge, PlacesBeyondTheText) {
  const Marked program("(define a 1) a");
  for (const uint32_t offset : {14u, 15u, 1'000'000u, UINT32_MAX}) {
    HoverAt(program.names, offset);
    CompleteAt(program.names, offset);
    SignatureAt(program.names, offset);
    EXPECT_LE(UsesOf(program.names, offset).size(), 2u);
  }
}

}  // namespace
}  // namespace pelagos::language
