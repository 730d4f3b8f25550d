#include "pelagos/cli/reml/session.h"

#include <string>

#include "gtest/gtest.h"
#include "pelagos/reml/heap.h"

namespace pelagos::cli {
namespace {

TEST(SessionTest, KnowsADefinitionAtTheEnd) {
  for (const char* program :
       {"(define x 1)", "1 (define (f) 2)", "(defmacro m () 1) ; note", "(import \"a.reml\")",
        "(reml-version 1)", "(define-service a \"a\") #;(f)", "( #| a |# define x 1)",
        "(define x\n  \"a) b\")\n\n#| (f) |#", "(define-record-type p (make) p?)"}) {
    EXPECT_TRUE(EndsInDefinition(program)) << program;
  }
  for (const char* program :
       {"", "x", "'(define x 1)", "#(define x 1)", "(define x 1) x", "((define x 1))",
        "; (define x 1)", "#;(define x 1)", "\"(define x 1)\"", "(redefine x)", "(\"define\" x)",
        "()", "`(define)"}) {
    EXPECT_FALSE(EndsInDefinition(program)) << program;
  }
  // Never evaluated, but never a crash either.
  for (const char* broken : {"(", ")", "(define", "\"", "#|", "'", "\xff(define"}) {
    EndsInDefinition(broken);
  }
  EXPECT_TRUE(
      EndsInDefinition("(define x " + std::string(100'000, '(') + std::string(100'000, ')') + ")"));
}

TEST(SessionTest, AValueIsALine) {
  const std::string five = Written(reml::Value::Fixnum(5), false, 100).value();
  EXPECT_EQ(five, "5\n");
  EXPECT_EQ(Written(reml::Value::Fixnum(5), true, 100).value(), "5\n");
  reml::Heap heap(1 << 20);
  const reml::Value one = reml::Value::Fixnum(1);
  for (const bool json : {false, true}) {
    EXPECT_EQ(Written(heap.List({one, one, one, one}), json, 3).status().message(),
              "the value is too large to print");
  }
}

}  // namespace
}  // namespace pelagos::cli
