#include "pelagos/language/assist.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/language/assist_testing.h"
#include "pelagos/language/rename.h"

namespace pelagos::language {
namespace {

std::optional<std::string> Library(const std::string& path) {
  if (path != "/dir/lib.reml") return std::nullopt;
  return "(define x 1)\n; Greets NAME.\n(define (greet name)\n  (display name))\n";
}

// "WORD: MARKDOWN"
std::string HoverOf(absl::string_view marked) {
  const Marked program(marked, Library);
  const auto hover = HoverAt(program.names, program.offset, Library);
  if (!hover) return "-";
  return absl::StrCat(program.Of(hover->range), ": ", hover->markdown);
}

struct Case {
  std::string program, answer;
};

TEST(Hover, NamesOfTheProgram) {
  const Case cases[] = {
      {"(define por^t 80)", "port: ```scheme\n(define port 80)\n```\n\nDefined in line 1."},
      {"(define port 80) (list ^port)",
       "port: ```scheme\n(define port 80)\n```\n\nDefined in line 1."},
      {"; The port.\n; Of the web.\n(define port 80) port^",
       "port: ```scheme\n(define port 80)\n```\n\nThe port.\nOf the web.\n\nDefined in line 3."},
      // An empty line parts a comment from the form, and code too.
      {"; Other.\n\n(define port 80) port^",
       "port: ```scheme\n(define port 80)\n```\n\nDefined in line 3."},
      {"; Other.\n\n; Mine.\n(define port 80) port^",
       "port: ```scheme\n(define port 80)\n```\n\nMine.\n\nDefined in line 4."},
      {"(f) ; Of f.\n(define port 80) port^",
       "port: ```scheme\n(define port 80)\n```\n\nDefined in line 2."},
      {"#| Block. |#\n(define port 80) port^",
       "port: ```scheme\n(define port 80)\n```\n\nBlock.\n\nDefined in line 2."},
      {"(define (f a)\n  (list ^a))",
       "a: ```scheme\n(define (f a)\n  (list a))\n```\n\nA parameter in line 1."},
      {"(let ((x 1))\n  (set! ^x 2))",
       "x: ```scheme\n(let ((x 1))\n  (set! x 2))\n```\n\nDefined in line 1."},
      {"(defmacro m (a) a) (^m 1)", "m: ```scheme\n(defmacro m (a) a)\n```\n\nA macro in line 1."},
      {"(import \"lib.reml\") (gree^t 1)",
       "greet: ```scheme\n(define (greet name)\n  (display name))\n```\n\nGreets NAME.\n\n"
       "Defined in `/dir/lib.reml`, line 3."},
      {"(define car 1) (list ^car)", "car: ```scheme\n(define car 1)\n```\n\nDefined in line 1."},
  };
  for (const Case& one : cases) EXPECT_EQ(HoverOf(one.program), one.answer) << one.program;
}

TEST(Hover, WordsOfTheLanguage) {
  const std::string substring = HoverOf("(sub^string \"a\" 1)");
  EXPECT_EQ(substring.substr(0, 72),
            "substring: ```scheme\n(substring text:string start:int [end:int])\n```\n→");
  EXPECT_NE(substring.find("; => "), std::string::npos) << substring;
  EXPECT_NE(HoverOf("(i^f 1 2)").find("(if test then [else])"), std::string::npos);
  EXPECT_NE(HoverOf("(if 1 2)^").find("-"), std::string::npos);
  EXPECT_NE(HoverOf("(iff^").find("-"), std::string::npos);
}

TEST(Hover, Options) {
  for (absl::string_view program :
       {"(service \"a\" '(depe^nds-on \"b\"))", "(service \"a\" (list 'depends-on^ \"b\"))",
        "(define-service a \"a\" :depen^ds-on \"b\")", "(service \"a\" `(^depends-on ,b))",
        "(define common '(^depends-on \"x\"))"}) {
    EXPECT_NE(HoverOf(program).find("(depends-on SERVICE [PORT])"), std::string::npos) << program;
  }
  for (absl::string_view program :
       {"(service \"a\" '(imagine^ \"b\"))", "(list 'depends-on^ \"b\" '(^))", "(list 1 ^2)",
        "(f \"dep^ends-on\")", "; depends-on^", "^", "(list '(a depen^ds-on))"}) {
    EXPECT_EQ(HoverOf(program).find("ends after"), std::string::npos) << program;
  }
}

TEST(Hover, NamesOfServices) {
  EXPECT_EQ(HoverOf("(define db\n  (service \"db\"))\n(service \"a\" '(depends-on \"d^b\"))"),
            "\"db\": ```scheme\n(service \"db\")\n```\n\nDefined in line 2.");
  EXPECT_EQ(HoverOf("(service \"a\" '(depends-on \"d^b\"))"), "-");
}

TEST(Hover, LongFormsAreCut) {
  const std::string hover = HoverOf("(define f^\n1\n2\n3\n4\n5\n6\n7\n8\n9)");
  EXPECT_EQ(hover, "f: ```scheme\n(define f\n1\n2\n3\n4\n5\n6\n7\n...\n```\n\nDefined in line 1.");
}

std::string DefinitionOfMarked(absl::string_view marked) {
  const Marked program(marked, Library);
  const auto place = DefinitionOf(program.names, program.offset);
  if (!place) return "-";
  if (!place->file.empty()) {
    return absl::StrCat(place->file, ":", place->range.begin, "-", place->range.end);
  }
  return program.Placed(place->range);
}

TEST(Definition, Table) {
  const Case cases[] = {
      {"(define a 1) (list ^a)", "a@8"},
      {"(define a^ 1)", "a@8"},
      {"(list ^a) (define a 1)", "a@17"},
      {"(define (f x) (let ((x 2)) ^x))", "x@21"},
      {"(define (f x) (set! ^x 2))", "x@11"},
      {"(let loop ((i 0)) (lo^op 1))", "loop@5"},
      {"(import \"lib.reml\") ^greet", "/dir/lib.reml:37-42"},
      {"(car^ 1)", "-"},
      {"(unknown^ 1)", "-"},
      {"'(a ^a)", "-"},
      {"^", "-"},
      {"(service \"db\") (service \"a\" '(depends-on \"^db\"))", "db@10"},
      {"(service 'db) (service \"a\" '(depends-on d^b))", "db@10"},
      {"(define-service d \"db\") (define-service a \"a\" :depends-on (\"db^\" . 5432))", "db@19"},
      {"(define-service d \"db\") (define-service a \"a\" :depends-on \"x\" \"db^\")", "db@19"},
      {"(network \"n\") (service \"n\") (service \"a\" '(network \"x\" \"n^\"))", "n@10"},
      {"(volume \"n\") (service \"a\" (list 'volume \"n^\" \"/d\"))", "n@9"},
      {"(volume \"n\") (service \"a\" (list 'volume \"x\" \"n^\"))", "-"},
      {"(service \"db\") (on-ready \"d^b\" f)", "db@10"},
      {"(service \"d^b\")", "db@10"},
      {"(service \"db\") (service \"a\" '(image \"d^b\"))", "-"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(DefinitionOfMarked(one.program), one.answer) << one.program;
}

std::string UsesOfMarked(absl::string_view marked) {
  const Marked program(marked);
  return absl::StrJoin(UsesOf(program.names, program.offset), " ",
                       [&](std::string* out, Range range) { *out += program.Placed(range); });
}

TEST(Uses, Table) {
  const Case cases[] = {
      {"(define a 1) (list ^a a) (set! a 2)", "a@8 a@19 a@21 a@30"},
      {"(define a 1) (let ((a 2)) ^a) a", "a@20 a@26"},
      {"(define a 1) (define a 2) ^a", "a@8 a@21 a@26"},
      {"(car ^car)", ""},
      {"(service \"d^b\" '(env \"db\" \"db\")) (service \"a\" '(depends-on \"db\" 1))"
       "(define-service b \"b\" :depends-on db \"db\")",
       "db@10 db@59 db@104"},
      {"'(a ^a)", ""},
  };
  for (const Case& one : cases) EXPECT_EQ(UsesOfMarked(one.program), one.answer) << one.program;
}

// "LABEL: PARAMETER" of the way that fits.
std::string SignatureOf(absl::string_view marked) {
  const Marked program(marked);
  const auto help = SignatureAt(program.names, program.offset);
  if (!help) return "-";
  const SignatureWay& way = help->ways[help->active];
  if (way.active >= way.parameters.size()) return absl::StrCat(way.label, ":");
  const Range range = way.parameters[way.active];
  return absl::StrCat(way.label, ": ", way.label.substr(range.begin, range.end - range.begin));
}

TEST(Signature, Table) {
  const Case cases[] = {
      {"(substring ^)", "(substring text:string start:int [end:int]): text:string"},
      {"(substring \"a\" ^", "(substring text:string start:int [end:int]): start:int"},
      {"(substring \"a\" 1^", "(substring text:string start:int [end:int]): start:int"},
      {"(substring \"a\" 1 2 3^", "(substring text:string start:int [end:int]):"},
      {"(if 1 ^)", "(if test then [else]): then"},
      {"(define (f) ^)", "(define (name parameter... [. rest]) body...): body..."},
      {"(define (f a b) 1) (f 1 ^)", "(f a b): b"},
      {"(define (f a . r) 1) (f 1 2 3 ^)", "(f a . r): . r"},
      {"(define f (lambda (a b) 1)) (f ^)", "(f a b): a"},
      {"(define f (lambda all 1)) (f 1 2^)", "(f all...): all..."},
      {"(service \"a\" '(port 8080 ^))", "(port HOST CONTAINER [ADDRESS]): CONTAINER"},
      {"(define-service a \"a\" :port 8080 ^)", "(port HOST CONTAINER [ADDRESS]): CONTAINER"},
      {"(define-service a ^)",
       "(define-service variable service-name :option value... ...): "
       "service-name"},
      {"(substring^", "-"},
      {"(define (f a) 1) (f (car ^))", "(car pair): pair"},
      {"(unknown ^)", "-"},
      {"(car ; a ^", "-"},
      {"(list 1)^", "-"},
  };
  for (const Case& one : cases) EXPECT_EQ(SignatureOf(one.program), one.answer) << one.program;
}

// The program with its new name, or why not.
std::string Renamed(absl::string_view marked, absl::string_view name) {
  const Marked program(marked, Library);
  const auto renaming = RenameAt(program.names, program.offset);
  if (!renaming.ok()) return std::string(renaming.status().message());
  const absl::Status status = CheckRenaming(program.names, *renaming, name, "/dir/a.reml", Library);
  if (!status.ok()) return std::string(status.message());
  std::string text;
  uint32_t at = 0;
  for (const Range& place : renaming->places) {
    absl::StrAppend(&text, program.Of({at, place.begin}), name);
    at = place.end;
  }
  return absl::StrCat(text, absl::string_view(program.text).substr(at));
}

TEST(Rename, Table) {
  EXPECT_EQ(Renamed("(define a 1) (set! a (+ ^a 1)) 'a", "b"), "(define b 1) (set! b (+ b 1)) 'a");
  EXPECT_EQ(Renamed("(define (f x) (let ((x 1)) ^x) x)", "y"), "(define (f x) (let ((y 1)) y) x)");
  EXPECT_EQ(Renamed("(define a 1) (define b 2) (+ a ^b)", "a"),
            "with 'a' for 'b' the program would mean something else");
  EXPECT_EQ(Renamed("(define a 1) (let ((b 2)) (+ ^a b))", "b"),
            "with 'b' for 'a' the program would mean something else");
  EXPECT_EQ(Renamed("(define ^a 1) (car '(1))", "car"),
            "with 'car' for 'a' the program would mean something else");
  EXPECT_EQ(Renamed("(define ^a 1)", "a b"), "'a b' cannot be a name");
  EXPECT_EQ(Renamed("(define ^a 1)", "12"), "'12' cannot be a name");
  EXPECT_EQ(Renamed("(define ^a 1)", ""), "'' cannot be a name");
  EXPECT_EQ(Renamed("(define ^a 1)", ":a"), "':a' cannot be a name");
  EXPECT_EQ(Renamed("(ca^r 1)", "b"), "here is no name that the program defines");
  EXPECT_EQ(Renamed("(import \"lib.reml\") (^greet 1)", "b"),
            "'greet' is defined in '/dir/lib.reml'");
}

}  // namespace
}  // namespace pelagos::language
