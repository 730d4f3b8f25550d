#include "pelagos/reml/syntax_tree.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace pelagos::reml {
namespace {

// One line a node: its depth as blanks, its kind, '!' where it is not complete, its text.
std::string Print(const SyntaxTree& tree) {
  static constexpr absl::string_view kKinds[] = {"root",   "list",      "vector",  "prefix", "word",
                                                 "string", "character", "comment", "stray"};
  std::string text;
  for (NodeId id = 1; id < tree.size(); ++id) {
    for (NodeId up = tree[id].parent; up != kNoNode; up = tree[up].parent) text += " ";
    absl::StrAppend(&text, kKinds[static_cast<size_t>(tree[id].kind)],
                    tree[id].complete ? " " : "! ", tree.text(id), "\n");
  }
  return text;
}

TEST(SyntaxTree, KeepsEverything) {
  const SyntaxTree tree("(a 'b ; note\n #;(c) \"d;\" #\\) #|x #|y|#|# . #(1))");
  EXPECT_TRUE(tree.balanced());
  EXPECT_EQ(tree.depth(), 3u);
  EXPECT_EQ(Print(tree),
            "list (a 'b ; note\n #;(c) \"d;\" #\\) #|x #|y|#|# . #(1))\n"
            " word a\n"
            " prefix 'b\n"
            "  word b\n"
            " comment ; note\n"
            " prefix #;(c)\n"
            "  list (c)\n"
            "   word c\n"
            " string \"d;\"\n"
            " character #\\)\n"
            " comment #|x #|y|#|#\n"
            " word .\n"
            " vector #(1)\n"
            "  word 1\n");
}

TEST(SyntaxTree, DataAreWhatTheReaderSees) {
  const SyntaxTree tree("(f ; x\n #;a '#;b c #;#;d e g)");
  std::string data;
  for (NodeId id : tree.Data(tree.FirstDatum(SyntaxTree::kRoot))) {
    absl::StrAppend(&data, tree.text(id), "|");
  }
  EXPECT_EQ(data, "f|'#;b c|g|");
  EXPECT_EQ(tree.Head(1), "f");
}

TEST(SyntaxTree, AMistakeSpoilsOneForm) {
  const SyntaxTree open("(define a (f 1)\n(define b 2)\n");
  EXPECT_FALSE(open.balanced());
  EXPECT_EQ(Print(open),
            "list! (define a (f 1)\n\n word define\n word a\n list (f 1)\n  word f\n  word 1\n"
            "list (define b 2)\n word define\n word b\n word 2\n");
  const SyntaxTree close("(a))\n(b)");
  EXPECT_FALSE(close.balanced());
  EXPECT_EQ(Print(close), "list (a)\n word a\nstray )\nlist (b)\n word b\n");
}

TEST(SyntaxTree, WhatIsCutOff) {
  for (const char* text :
       {"(", "'", "(a '", "\"", "\"a\\", "#\\", "#|", "#;", "(a #;)", "('#;a)", ")", "#(", ",@"}) {
    const SyntaxTree tree(text);
    EXPECT_FALSE(tree.balanced()) << text;
  }
  EXPECT_EQ(Print(SyntaxTree("(a ')")), "list (a ')\n word a\n prefix! '\n");
  EXPECT_EQ(Print(SyntaxTree("(f ")), "list! (f \n word f\n");
}

TEST(SyntaxTree, NestsWithoutLimit) {
  const size_t deep = 1'000'000;
  const std::string text = std::string(deep, '(') + std::string(deep, ')');
  const SyntaxTree tree(text);
  EXPECT_TRUE(tree.balanced());
  EXPECT_EQ(tree.depth(), deep);
}

TEST(SyntaxTree, At) {
  const absl::string_view text = "(ab (cd)ef) (g ";
  const SyntaxTree tree(text);
  const auto at = [&](uint32_t offset) {
    const NodeId id = tree.At(offset);
    return id == SyntaxTree::kRoot ? "-" : std::string(tree.text(id));
  };
  EXPECT_EQ(at(0), "(ab (cd)ef)");
  EXPECT_EQ(at(1), "ab");
  EXPECT_EQ(at(3), "ab");
  EXPECT_EQ(at(4), "(cd)");
  EXPECT_EQ(at(5), "cd");
  EXPECT_EQ(at(7), "cd");
  EXPECT_EQ(at(8), "ef");
  EXPECT_EQ(at(10), "ef");
  EXPECT_EQ(at(11), "-");
  EXPECT_EQ(at(15), "(g ");
}

}  // namespace
}  // namespace pelagos::reml
