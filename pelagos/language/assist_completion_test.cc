#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/assist_testing.h"

namespace pelagos::language {
namespace {

struct Case {
  absl::string_view program;
  absl::string_view replaced;  // before the place
  // Labels that must be there, and those with a '-' in front that must not. "none": no items.
  absl::string_view labels;
};

const Case kCases[] = {
    // Heads: everything that can be called.
    {"(^", "", "if let define car service define-service -image -:image"},
    {"(de^", "de", "define define-service defmacro car"},
    {"(define port 80) (^)", "", "port if car"},
    {"(define (f a) (^))", "", "f a car"},
    {"(define (f a) (let ((b 1)) (list ^)))", "", "a b f car -if -let"},
    {"(define (f a) 1) (list ^)", "", "f car -a -if"},
    {"(let* ((a 1) (b ^)) 1)", "", "a -b"},
    {"(let ((a 1) (b ^)) 1)", "", "-a car"},
    {"^", "", "car -if"},
    {"(define x 1)\n(list x^", "x", "x car"},
    {"(defmacro m (a) a) (^)", "", "m"},
    {"(defmacro m (a) a) (list ^)", "", "-m"},
    {"(define car 1) (list c^)", "c", "car"},
    // Half a program: what is not closed, and what comes behind.
    {"(define (f a)\n  (list a\n        (^\n(define (g b) b)", "", "f a g -b"},
    {"(define x 1)\n(if (^", "", "x"},
    {"(list (string-app^", "string-app", "string-append"},
    {"(define y 1) (list `(a ,^))", "", "y car"},
    {"(define y 1) (list `(a ,y^))", "y", "y car"},
    // New names, texts, comments, numbers: nothing.
    {"(define na^", "na", "none"},
    {"(define (f par^", "par", "none"},
    {"(let ((na^ 1)) 1)", "na", "none"},
    {"\"a ^", "a ", "none"},
    {"(list \"a^\")", "a", "none"},
    {"(list \"a\"^)", "", "none"},
    {"; (^", "", "none"},
    {"(list 1) ; see^\n(list)", "", "none"},
    {"#| ( ^", "", "none"},
    {"#\\^", "", "none"},
    {"(list #t^)", "#t", "none"},
    {"(list '(a ^))", "", "none"},
    {"(list 'a^)", "a", "none"},
    // Options of services.
    {"(service \"a\" '(^))", "", "image port depends-on -car"},
    {"(service \"a\" '(im^))", "im", "image port -car"},
    {"(service \"a\" '(im^", "im", "image -car"},
    {"(service \"a\" (list '^))", "", "image -car"},
    {"(service \"a\" (list 'im^))", "im", "image -car"},
    {"(define-service a \"a\" :^)", ":", ":image :port -image -car"},
    {"(define-service a \"a\" :im^", ":im", ":image"},
    {"(define-service a \"a\" :image \"i\" ^)", "", ":port car"},
    {"(define-service a \"a\" :image \"i\"\n  :po^\n(define b 1)", ":po", ":port"},
    {"(define-service a ^)", "", "car -:image"},
    {"(list :im^)", ":im", "none"},
    // What options name.
    {"(service \"db\") (service \"a\" '(depends-on \"^\"))", "", "db -a -car"},
    {"(service \"db\") (service \"a\" '(depends-on \"d^\"))", "d", "db"},
    {"(service \"db\") (service \"a\" '(depends-on ^))", "", "\"db\" -\"a\" -car"},
    {"(service \"db\") (service \"a\" '(depends-on \"d^", "d", "db"},
    {"(network \"front\") (service \"a\" '(network \"^\"))", "", "front -a"},
    {"(network \"front\") (service \"a\" '(network \"x\" \"^\"))", "", "front -a"},
    {"(volume \"data\") (service \"a\" '(volume \"^\" \"/d\"))", "", "data -a"},
    {"(volume \"data\") (service \"a\" '(volume \"data\" \"^\"))", "", "none"},
    {"(volume \"data\") (service \"a\" (list 'volume \"^\"))", "", "data"},
    {"(define-service d \"db\") (define-service a \"a\" :depends-on \"^\")", "", "db"},
    {"(define-service d \"db\") (define-service a \"a\" :depends-on (\"^\" . 80))", "", "db"},
    {"(define-service d \"db\") (define-service a \"a\" :depends-on ^)", "", "\"db\" d car"},
    {"(service \"a\" '(cap-add ^))", "", "net-raw chown -car"},
    {"(service \"a\" '(cap-add net-^))", "net-", "net-raw chown -car"},
    {"(define-service a \"a\" :cap-drop net-^)", "net-", "net-raw chown"},
    {"(service \"a\" '(image \"^\"))", "", "none"},
    {"(service \"db\") (on-ready \"^\" f)", "", "db"},
    {"(service \"db\") (display \"^\")", "", "none"},
};

TEST(Completion, Table) {
  for (const Case& one : kCases) {
    const Marked program(one.program);
    const Completions found = CompleteAt(program.names, program.offset);
    EXPECT_EQ(program.Of(found.range), std::string(one.replaced)) << one.program;
    EXPECT_EQ(found.range.end, program.offset) << one.program;
    std::vector<std::string> labels;
    for (const Completion& item : found.items) labels.push_back(item.label);
    if (one.labels == "none") {
      EXPECT_EQ(absl::StrJoin(labels, " "), "") << one.program;
      continue;
    }
    for (absl::string_view label : absl::StrSplit(one.labels, ' ')) {
      const bool wanted = !absl::ConsumePrefix(&label, "-");
      const auto count = std::count(labels.begin(), labels.end(), label);
      EXPECT_EQ(count, wanted ? 1 : 0) << one.program << ": " << label;
    }
  }
}

bool ProcedureOfTheLanguage(absl::string_view name) {
  const Word* word = Vocabulary::Get().Find(name);
  return word != nullptr && word->procedure();
}

TEST(Completion, ItemsSayWhatTheyAre) {
  const Marked program("(define (f a) 1) (^)");
  for (const Completion& item : CompleteAt(program.names, program.offset).items) {
    EXPECT_FALSE(item.detail.empty()) << item.label;
    const std::string known = item.label == "f"     ? "(f a)"
                              : item.label == "car" ? "(car pair)"
                              : item.label == "if"  ? "(if test then [else])"
                                                    : item.detail;
    EXPECT_EQ(item.detail, known);
    EXPECT_EQ(item.kind == Completion::Kind::kProcedure,
              item.label == "f" || item.label == "car" || ProcedureOfTheLanguage(item.label));
  }
}

// The names of the program come before those of the language, the innermost first.
TEST(Completion, Order) {
  const Marked program("(define (f a) (let ((b 1)) (list ^)))");
  const Completions found = CompleteAt(program.names, program.offset);
  ASSERT_GT(found.items.size(), 10u);
  EXPECT_EQ(found.items[0].label, "b");
  EXPECT_EQ(found.items[1].label, "a");
  EXPECT_EQ(found.items[2].label, "f");
}

}  // namespace
}  // namespace pelagos::language
