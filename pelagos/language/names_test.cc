#include "pelagos/language/names.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pelagos::language {
namespace {

using reml::SyntaxTree;

std::string NameOf(const Names& names, const Meaning& meaning) {
  switch (meaning.kind) {
    case Meaning::Kind::kDatum:
      return "-";
    case Meaning::Kind::kDefinition: {
      const Definition& definition = names.definitions()[meaning.definition];
      return absl::StrCat(definition.name, "@", definition.begin);
    }
    case Meaning::Kind::kWord:
      return "word";
    case Meaning::Kind::kUnknown:
      return "?";
    case Meaning::Kind::kVague:
      return "~";
  }
  return "";
}

// Every word that has a meaning, but those of the language: "x=x@9" is one that is bound at byte 9.
std::string Meanings(absl::string_view text, const Names::Files& files = nullptr) {
  const SyntaxTree tree(text);
  const Names names(tree, "dir/a.reml", files);
  std::vector<std::string> words;
  for (NodeId id = 1; id < tree.size(); ++id) {
    const Meaning meaning = names.MeaningOf(id);
    if (meaning.kind == Meaning::Kind::kDatum || meaning.kind == Meaning::Kind::kWord) continue;
    words.push_back(absl::StrCat(tree.text(id), "=", NameOf(names, meaning)));
  }
  for (const Names::Misshape& wrong : names.misshapes()) {
    words.push_back(absl::StrCat("! ", wrong.message, " at ", tree.text(wrong.node)));
  }
  return absl::StrJoin(words, " ");
}

std::string Names0(absl::string_view text) {
  const SyntaxTree tree(text);
  const Names names(tree);
  std::vector<std::string> list;
  for (const Definition& definition : names.definitions()) {
    std::string arity;
    if (definition.arity) {
      arity = absl::StrCat("/", definition.arity->least, "..", definition.arity->most);
    }
    list.push_back(absl::StrCat(
        definition.name, arity, "*", definition.uses.size(),
        definition.value == kNoNode ? "" : absl::StrCat("=", tree.text(definition.value))));
  }
  return absl::StrJoin(list, " ");
}

TEST(Names, Definitions) {
  EXPECT_EQ(Meanings("(define a 1) (+ a b)"), "a=a@8 a=a@8 b=?");
  EXPECT_EQ(Meanings("(define (f x . r) (f x r z))"),
            "f=f@9 x=x@11 r=r@15 f=f@9 x=x@11 r=r@15 z=?");
  EXPECT_EQ(Meanings("(f) (define (f) 1)"), "f=f@13 f=f@13");
  EXPECT_EQ(Meanings("(if #t (define a 1)) a"), "a=a@15 a=a@15");
  EXPECT_EQ(Meanings("(lambda all (define b all) b)"), "all=all@8 b=b@20 all=all@8 b=b@20");
  EXPECT_EQ(Meanings("(define-values (a . b) (values 1 2)) (a b)"), "a=a@16 b=b@20 a=a@16 b=b@20");
}

TEST(Names, BindingForms) {
  EXPECT_EQ(Meanings("(let ((a 1) (b a)) b)"), "a=a@7 b=b@13 a=? b=b@13");
  EXPECT_EQ(Meanings("(let* ((a 1) (b a)) b)"), "a=a@8 b=b@14 a=a@8 b=b@14");
  EXPECT_EQ(Meanings("(letrec ((a (lambda () b)) (b a)) b)"), "a=a@10 b=b@28 b=b@28 a=a@10 b=b@28");
  EXPECT_EQ(Meanings("(let loop ((i 0)) (loop (+ i 1)))"), "loop=loop@5 i=i@12 loop=loop@5 i=i@12");
  EXPECT_EQ(Meanings("(do ((i n (+ i 1))) ((= i 2) i) (f i))"),
            "i=i@6 n=? i=i@6 i=i@6 i=i@6 f=? i=i@6");
  EXPECT_EQ(Meanings("(guard (e ((number? e) e) (else x)) e)"), "e=e@8 e=e@8 e=e@8 x=? e=?");
  EXPECT_EQ(Meanings("(case-lambda ((a) a) ((a b) b) (() c))"),
            "a=a@15 a=a@15 a=a@23 b=b@25 b=b@25 c=?");
  EXPECT_EQ(Meanings("(let-values (((a b) (f a)) (c d)) c)"),
            "a=a@15 b=b@17 f=? a=~ c=c@28 d=? c=c@28");
  EXPECT_EQ(Meanings("(receive (a . b) (list a) b)"), "a=a@10 b=b@14 a=? b=b@14");
  EXPECT_EQ(Meanings("(case x ((a b) y) (else => z))"), "x=? y=? z=?");
  EXPECT_EQ(Meanings("(cond (a => b) (else c))"), "a=? b=? c=?");
}

TEST(Names, WhatIsQuotedMeansNothing) {
  EXPECT_EQ(Meanings("(list 'a '(b c) (quote d) `(e ,f ,@g `(,h ,,i)) #(j) :k 1 #\\a)"),
            "f=? g=? i=?");
}

TEST(Names, MacrosOfTheProgram) {
  EXPECT_EQ(Meanings("(define x 1) (defmacro m (a) `(list ,a y)) (m (z x))"),
            "x=x@8 m=m@23 a=a@26 a=a@26 y=~ m=m@23 z=~ x=x@8");
  const SyntaxTree tree("(define-syntax my (syntax-rules () ((_ n) (define n 1)))) (my k) (+ k q)");
  const Names names(tree);
  EXPECT_TRUE(names.MayBeBound("k"));
  EXPECT_FALSE(names.MayBeBound("q"));
  EXPECT_EQ(Meanings("(let-syntax ((t (syntax-rules () ((_ x) x)))) (t u))"),
            "t=t@14 syntax-rules=~ _=~ x=~ x=~ t=t@14 u=~");
}

TEST(Names, RecordsAndServices) {
  EXPECT_EQ(Names0("(define-record-type point (make x y) point? (x px) (y py set!y))"
                   "(py (make 1 2)) (point? 1)"),
            "point*0 make/2..2*1 point?/1..1*1 px/1..1*0 py/1..1*1 set!y/2..2*0");
  EXPECT_EQ(
      Meanings("(define i 1) (define-service w \"w\" :image i :port (80 . i) (i 1) :cap-add x "
               ":env y (f 1))"),
      "i=i@8 w=w@29 i=i@8 i=i@8 i=i@8 y=? f=?");
  EXPECT_EQ(Meanings("(define-run :parallel :max-parallel 2 (a (start b)) (c d)) a"),
            "a=a@39 b=? c=c@53 d=? a=a@39");
  EXPECT_EQ(Meanings("(define-run (a 1)) (define-then t a (c) c) t"),
            "a=a@13 t=t@32 a=a@13 c=c@37 c=c@37 t=t@32");
}

TEST(Names, WhatIsKnownOfThem) {
  EXPECT_EQ(
      Names0("(define a (+ 1 2)) (define (f x #;y) a) (define g (lambda (x . y) 1)) (set! a 2)"),
      "a*1=(+ 1 2) f/1..1*0 g/1..-1*0=(lambda (x . y) 1) x*0 x*0 y*0");
  EXPECT_EQ(Names0("(define f (lambda () 1)) (define (f x) 1)"), "f*0 x*0");
  EXPECT_EQ(Names0("(let ((a 1) (b (lambda (c) c))) (let loop ((i 1)) (loop i)))"),
            "c*1 a*0=1 b/1..1*0=(lambda (c) c) loop/1..1*1 i*1");
  EXPECT_EQ(Names0("(do ((i 0 (+ i 1)) (j 2)) (#t))"), "i*1 j*0=2");
}

TEST(Names, EarlyUses) {
  const auto early = [](absl::string_view text) {
    const SyntaxTree tree(text);
    const Names names(tree);
    std::vector<std::string> list;
    for (NodeId id : names.early_uses()) list.push_back(absl::StrCat(tree[id].begin));
    return absl::StrJoin(list, " ");
  };
  EXPECT_EQ(early("(display a) (define a 1)"), "9");
  EXPECT_EQ(early("(define (f) a) (define a 1)"), "");
  EXPECT_EQ(early("(define (f) (g b) (define b 1)) (define g 1)"), "15");
  EXPECT_EQ(early("(list (delay a)) (define a 1)"), "");
  EXPECT_EQ(early("(display 1) (define (display x) x)"), "");
}

TEST(Names, Imports) {
  std::map<std::string, std::string> disk = {
      {"dir/lib.reml", "(define (helper x) x) (import \"sub/more.reml\") (define-syntax m 1)"},
      {"dir/sub/more.reml", "(define deep 1) (import \"../lib.reml\")"}};
  const auto files = [&](const std::string& path) -> std::optional<std::string> {
    const auto found = disk.find(path);
    if (found == disk.end()) return std::nullopt;
    return found->second;
  };
  EXPECT_EQ(Meanings("(import \"lib.reml\") (helper deep x) (m y)", files),
            "helper=helper@9 deep=deep@8 x=? m=m@62 y=~");
  const SyntaxTree tree("(import \"none.reml\") (helper 1) (import (scheme base))");
  const Names names(tree, "dir/a.reml", files);
  EXPECT_TRUE(names.open_world());
  EXPECT_TRUE(names.MayBeBound("helper"));
}

TEST(Names, Misshapes) {
  EXPECT_EQ(Meanings("(if)"), "! if: expected test at (if)");
  EXPECT_EQ(Meanings("(let ((a)) 1)"), "a=a@7 ! let: expected value at (a)");
  EXPECT_EQ(Meanings("(let 1 2)"), "! let: expected ((name value)...) at 1");
  EXPECT_EQ(Meanings("(quote 1 2)"), "! quote: expected nothing more at 2");
  EXPECT_EQ(Meanings("(lambda (1) 2)"), "! lambda: expected a name at 1");
}

TEST(Names, PlacesOfScopes) {
  const absl::string_view text = "(define (f a) (let ((b a)) (list b))) (define c 1) ";
  const SyntaxTree tree(text);
  const Names names(tree);
  const auto visible = [&](size_t offset) {
    std::vector<std::string> list;
    for (DefinitionId id : names.VisibleAt(static_cast<uint32_t>(offset))) {
      list.push_back(names.definitions()[id].name);
    }
    return absl::StrJoin(list, " ");
  };
  EXPECT_EQ(visible(text.find("list")), "b a f c");
  EXPECT_EQ(visible(text.find("b a)")), "a f c");
  EXPECT_EQ(visible(text.size()), "f c");
}

TEST(Names, NestsWithoutLimit) {
  const size_t deep = 100'000;
  for (const char* open : {"(", "(let (", "(lambda (a) ", "`(", "(m ", "(if "}) {
    std::string text = "(defmacro m a a)";
    for (size_t i = 0; i < deep; ++i) text += open;
    const SyntaxTree tree(text);
    const Names names(tree);
    EXPECT_FALSE(names.definitions().empty());
  }
}

}  // namespace
}  // namespace pelagos::language
