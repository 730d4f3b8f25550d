// What users see when a program is wrong, to the letter.
#include <string>

#include "gtest/gtest.h"
#include "pelagos/reml/testing.h"

namespace pelagos::reml {
namespace {

std::string Errors(absl::string_view text, Limits limits = {}) {
  TestBench bench(limits);
  return bench.Errors(text);
}

TEST(DiagnosticsTest, Reader) {
  EXPECT_EQ(Errors("(define a 1)\n(display (list 1 2)"),
            "t.reml:2:1: error: unmatched '('\n"
            "2 | (display (list 1 2)\n"
            "  | ^\n");
  EXPECT_EQ(Errors("(a b))"),
            "t.reml:1:6: error: unexpected ')'\n"
            "1 | (a b))\n"
            "  |      ^ no '(' is open\n");
  EXPECT_EQ(Errors("(a . b c)"),
            "t.reml:1:8: error: dotted pair: expected ')' after tail expression\n"
            "1 | (a . b c)\n"
            "  |        ^ a pair is (a . b): one datum after the dot\n");
  EXPECT_EQ(Errors("(a . )"),
            "t.reml:1:6: error: unexpected ')'\n"
            "1 | (a . )\n"
            "  |      ^ a pair is (a . b): one datum after the dot\n");
  EXPECT_EQ(Errors("(a ."),
            "t.reml:1:4: error: dotted pair: expected tail after '.'\n"
            "1 | (a .\n"
            "  |    ^ a pair is (a . b): one datum after the dot\n");
  EXPECT_EQ(Errors("(display \"abc"),
            "t.reml:1:10: error: unterminated string\n"
            "1 | (display \"abc\n"
            "  |          ^\n");
  EXPECT_EQ(Errors("\"abc\\"),
            "t.reml:1:1: error: unterminated escape in string\n"
            "1 | \"abc\\\n"
            "  | ^^^^^\n");
  EXPECT_EQ(Errors("'"),
            "t.reml:1:1: error: unexpected end of input\n"
            "1 | '\n"
            "  | ^ ' stands before what it quotes\n");
  EXPECT_EQ(Errors("(+ 9223372036854775808 1e999)"),
            "t.reml:1:4: error: number out of range: 9223372036854775808\n"
            "1 | (+ 9223372036854775808 1e999)\n"
            "  |    ^^^^^^^^^^^^^^^^^^^ integers have 64 bits; write a float with '.' or 'e'\n"
            "t.reml:1:24: error: number out of range: 1e999\n"
            "1 | (+ 9223372036854775808 1e999)\n"
            "  |                        ^^^^^ the largest float is about 1.8e308\n");
  EXPECT_EQ(Errors("(\xff)"),
            "t.reml:1:2: error: not UTF-8\n"
            "1 | (\xff)\n"
            "  |  ^ byte 0xff: save the file as UTF-8\n");
  EXPECT_EQ(Errors("; (\n\n"), "");
}

TEST(DiagnosticsTest, UnboundVariable) {
  EXPECT_EQ(Errors("(define (greet name)\n  (string-apend \"hé \" name))\n(greet \"x\")"),
            "t.reml:2:4: error: unbound variable: string-apend\n"
            "2 |   (string-apend \"hé \" name))\n"
            "  |    ^^^^^^^^^^^^ did you mean 'string-append'?\n"
            "t.reml:3:1: note: in call to greet\n"
            "3 | (greet \"x\")\n"
            "  | ^^^^^^^^^^^\n");
  EXPECT_EQ(Errors("(let ((image-name 1)) (set! image-nam 2))"),
            "t.reml:1:29: error: set!: unbound variable: image-nam\n"
            "1 | (let ((image-name 1)) (set! image-nam 2))\n"
            "  |                             ^^^^^^^^^ did you mean 'image-name'?\n");
  EXPECT_EQ(Errors("(defin x 1)"),
            "t.reml:1:2: error: unbound variable: defin\n"
            "1 | (defin x 1)\n"
            "  |  ^^^^^ did you mean 'define'?\n");
}

TEST(DiagnosticsTest, ArgumentsAndCalls) {
  EXPECT_EQ(Errors("(+ 1 \"a\" 2)"),
            "t.reml:1:6: error: +: expected number, got string\n"
            "1 | (+ 1 \"a\" 2)\n"
            "  |      ^^^ string->number reads one\n");
  EXPECT_EQ(Errors("(apply + 1 '(2 x))"),
            "t.reml:1:16: error: +: expected number, got symbol\n"
            "1 | (apply + 1 '(2 x))\n"
            "  |                ^\n");
  EXPECT_EQ(Errors("(map car '((1) 2))"),
            "t.reml:1:16: error: car: expected pair, got int\n"
            "1 | (map car '((1) 2))\n"
            "  |                ^\n");
  EXPECT_EQ(Errors("(5 1)"),
            "t.reml:1:2: error: not a procedure: int\n"
            "1 | (5 1)\n"
            "  |  ^ a list is a call; data is quoted: '(5 ...)\n");
  EXPECT_EQ(Errors("(define (f a) a)\n(list (f))"),
            "t.reml:2:7: error: arity mismatch: expected 1 arguments, got 0\n"
            "2 | (list (f))\n"
            "  |       ^^^ it is (f a)\n");
  EXPECT_EQ(Errors("(cons 1)"),
            "t.reml:1:1: error: cons: expected 2 argument(s), got 1\n"
            "1 | (cons 1)\n"
            "  | ^^^^^^^^ it is (cons x y)\n");
  EXPECT_EQ(Errors("(let ((x 1)\n      (y))\n  x)"),
            "t.reml:2:7: error: let: binding must have name and value\n"
            "2 |       (y))\n"
            "  |       ^^^ it is (let ((name value)...) body...)\n");
}

TEST(DiagnosticsTest, TheWayThere) {
  EXPECT_EQ(Errors("(define (inner x) (car x))\n"
                   "(define (outer x)\n"
                   "  (list (inner x)))\n"
                   "(for-each outer '(5))"),
            "t.reml:1:24: error: car: expected pair, got int\n"
            "1 | (define (inner x) (car x))\n"
            "  |                        ^\n"
            "t.reml:3:9: note: in call to inner\n"
            "3 |   (list (inner x)))\n"
            "  |         ^^^^^^^^^\n"
            "t.reml:4:1: note: in call to for-each\n"
            "4 | (for-each outer '(5))\n"
            "  | ^^^^^^^^^^^^^^^^^^^^^\n");
}

TEST(DiagnosticsTest, InsideOfMacros) {
  EXPECT_EQ(Errors("(defmacro twice (x)\n  `(* 2 (nope ,x)))\n(list (twice 5))"),
            "t.reml:2:10: error: unbound variable: nope\n"
            "2 |   `(* 2 (nope ,x)))\n"
            "  |          ^^^^\n"
            "t.reml:3:7: note: in the expansion of macro 'twice'\n"
            "3 | (list (twice 5))\n"
            "  |       ^^^^^^^^^\n");
  // While the macro itself runs.
  EXPECT_EQ(Errors("(defmacro bad (x)\n  (car x))\n(bad 5)"),
            "t.reml:2:8: error: car: expected pair, got int\n"
            "2 |   (car x))\n"
            "  |        ^\n"
            "t.reml:3:1: note: in the expansion of macro 'bad'\n"
            "3 | (bad 5)\n"
            "  | ^^^^^^^\n");
  // The library's text is never shown.
  EXPECT_EQ(Errors("(errorf \"n=~a\" (+ 1 2))"),
            "t.reml:1:1: error: n=3\n"
            "1 | (errorf \"n=~a\" (+ 1 2))\n"
            "  | ^^^^^^^^^^^^^^^^^^^^^^^\n");
  EXPECT_EQ(Errors("(with-cleanup (lambda (r) r)\n  (car 7))"),
            "t.reml:2:8: error: car: expected pair, got int\n"
            "2 |   (car 7))\n"
            "  |        ^\n");
  EXPECT_EQ(Errors("(define (service . x) x)(define-service s \"s\"\n  :image imge)"),
            "t.reml:2:10: error: unbound variable: imge\n"
            "2 |   :image imge)\n"
            "  |          ^^^^\n");
}

TEST(DiagnosticsTest, Guards) {
  // An error that no clause takes keeps its place.
  EXPECT_EQ(Errors("(guard (e (#f 1))\n  (car 7))"),
            "t.reml:2:8: error: car: expected pair, got int\n"
            "2 |   (car 7))\n"
            "  |        ^\n");
}

TEST(DiagnosticsTest, Limits) {
  Limits limits;
  limits.depth = 100;
  EXPECT_EQ(Errors("(define (f n)\n  (+ 1 (f n)))\n(f 1)", limits),
            "t.reml:2:3: error: recursion too deep\n"
            "2 |   (+ 1 (f n)))\n"
            "  |   ^^^^^^^^^^^ 100 calls may wait for others\n"
            "t.reml:2:8: note: in call to f\n"
            "2 |   (+ 1 (f n)))\n"
            "  |        ^^^^^\n"
            "t.reml:3:1: note: in call to f\n"
            "3 | (f 1)\n"
            "  | ^^^^^\n");
  limits = Limits();
  limits.steps = 300;
  EXPECT_EQ(Errors("(define (f) (guard (e (else (f))) (f)))\n(f)", limits),
            "t.reml:1:35: error: too many steps\n"
            "1 | (define (f) (guard (e (else (f))) (f)))\n"
            "  |                                   ^^^ a program may take 300 steps\n"
            "t.reml:2:1: note: in call to f\n"
            "2 | (f)\n"
            "  | ^^^\n");
  limits = Limits();
  limits.bytes = 1 << 20;
  EXPECT_EQ(Errors("(guard (e (else 1)) (iota 1000000))", limits),
            "t.reml:1:21: error: out of memory\n"
            "1 | (guard (e (else 1)) (iota 1000000))\n"
            "  |                     ^^^^^^^^^^^^^^ a program may use 1048576 bytes\n");
}

}  // namespace
}  // namespace pelagos::reml
