#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/assist_testing.h"

namespace pelagos::language {
namespace {

// "kind name [detail] {children}"
std::string Written(const Marked& program, const std::vector<Symbol>& symbols) {
  constexpr const char* kKinds[] = {"variable", "procedure", "macro", "record",
                                    "service",  "network",   "volume"};
  return absl::StrJoin(symbols, "; ", [&](std::string* out, const Symbol& symbol) {
    absl::StrAppend(out, kKinds[static_cast<size_t>(symbol.kind)], " ", symbol.name);
    if (!symbol.detail.empty()) absl::StrAppend(out, " [", symbol.detail, "]");
    if (!symbol.children.empty()) {
      absl::StrAppend(out, " {", Written(program, symbol.children), "}");
    }
    EXPECT_LE(symbol.range.begin, symbol.name_range.begin);
    EXPECT_GE(symbol.range.end, symbol.name_range.end);
  });
}

std::string SymbolsOfText(absl::string_view text) {
  const Marked program(text);
  return Written(program, SymbolsOf(program.names));
}

TEST(Symbols, Table) {
  const struct {
    std::string program, symbols;
  } cases[] = {
      {"", ""},
      {"(define a (+ 1\n  2)) (display a)", "variable a [(+ 1 2)]"},
      {"(define (f x) x)", "procedure f [(f x)]"},
      {"(define f (lambda (x) x))", "procedure f"},
      {"(defmacro m (a) a)", "macro m"},
      {"(define (f x) (define y 1) (define (g) y) (g))",
       "procedure f [(f x)] {variable y [1]; procedure g [(g)]}"},
      {"(let ((a 1)) (define b a) b)", "variable b [a]"},
      {"(define-record-type point (make-point x y) point? (x point-x))",
       "record point {procedure make-point [(make-point x y)]; procedure point?; "
       "procedure point-x [(x point-x)]}"},
      {"(define-values (a b) (values 1 2))", "variable a {variable b}"},
      {"(define web (service \"web\" '(image \"i\") (list 'port 80 80)))",
       "service web [image port]"},
      {"(define web (service \"web\" '(image \"i\") '(port 1 1) '(port 2 2)))",
       "service web [image port]"},
      {"(define-service web \"web\" :image \"i\" :port 80 80 :depends-on (\"x\" . 1))",
       "service web [image port depends-on]"},
      {"(compose (network \"n\") (volume \"v\") (service \"a\" '(image \"i\")))",
       "network n; volume v; service a [image]"},
      {"(define stack (compose (network \"n\") (service \"a\" '(image \"i\"))))",
       "variable stack [(compose (network \"n\") (service \"a\" '(image \"i\")))] {network n; "
       "service a [image]}"},
      {"(define app (service \"web\" '(image \"i\")))", "service app [\"web\": image]"},
      {"(define net (network \"n\"))", "network net [\"n\"]"},
      {"(define (f", "procedure f [(f]"},
      {"(define", ""},
  };
  for (const auto& one : cases) EXPECT_EQ(SymbolsOfText(one.program), one.symbols) << one.program;
}

TEST(Symbols, DeepNestingIsCut) {
  std::string text;
  for (int i = 0; i < 500; ++i) absl::StrAppend(&text, "(define (f", i, ") ");
  const Marked program(text);
  size_t depth = 0;
  std::vector<Symbol> symbols = SymbolsOf(program.names);
  for (; !symbols.empty(); ++depth) {
    std::vector<Symbol> children = std::move(symbols[0].children);
    symbols = std::move(children);
  }
  EXPECT_GT(depth, 3u);
  EXPECT_LT(depth, 50u);
}

}  // namespace
}  // namespace pelagos::language
