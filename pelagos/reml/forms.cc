#include "pelagos/reml/forms.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace pelagos::reml {
namespace {

constexpr Form kForms[] = {
    {"quote", "(quote datum)", "DATUM itself, not evaluated. `'datum` is short for it.",
     "(quote (a 1)) => (a 1)\n"
     "'(a 1) => (a 1)"},
    {"quasiquote", "(quasiquote template)",
     "TEMPLATE as it is written, but for its parts `,expression`, whose value is put in, and "
     "`,@expression`, whose elements are. `` `template`` is short for it.",
     "`(1 ,(+ 1 1) ,@(list 3 4)) => (1 2 3 4)"},
    {"if", "(if test then [else])",
     "The value of THEN when TEST is true, otherwise that of ELSE, or (). Only #f is false.",
     "(if (< 1 2) 'yes 'no) => yes\n"
     "(if '() 'yes 'no) => yes\n"
     "(if #f 'yes) => ()"},
    {"cond", "(cond (test expression...)... [(else expression...)])",
     "The expressions of the first clause whose TEST is true; () when there is none. "
     "`(test => procedure)` calls PROCEDURE with the value of TEST.",
     "(cond ((> 1 2) 'more) ((< 1 2) 'less) (else 'same)) => less\n"
     "(cond ((assoc \"b\" '((\"a\" . 1) (\"b\" . 2))) => cdr) (else 0)) => 2"},
    {"when", "(when test body...)", "The expressions in order when TEST is true, else ().",
     "(when (> 2 1) 'a 'b) => b\n"
     "(when (> 1 2) 'a 'b) => ()"},
    {"unless", "(unless test body...)", "The expressions in order when TEST is false, else ().",
     "(unless (> 1 2) 'a 'b) => b"},
    {"and", "(and expression...)",
     "The first value that is false, else the last. What comes after a false one is not evaluated. "
     "Without expressions #t.",
     "(and 1 2 3) => 3\n"
     "(and 1 #f (car '())) => #f\n"
     "(and) => #t"},
    {"or", "(or expression...)",
     "The first value that is true, else the last. What comes after a true one is not evaluated. "
     "Without expressions #f.",
     "(or #f 2 (car '())) => 2\n"
     "(or) => #f"},
    {"begin", "(begin expression...)",
     "Evaluates the expressions in order; the value is that of the last.",
     "(begin (define a 1) (+ a 1)) => 2"},
    {"define", "(define name [value])\n(define (name parameter... [. rest]) body...)",
     "Makes NAME a variable of the body around it, or of the program. The second form makes it a "
     "procedure. Its value is ().",
     "(define port 8080) => ()\n"
     "(begin (define (twice n) (* 2 n)) (twice 4)) => 8\n"
     "(begin (define (later . more) more) (later 1 2)) => (1 2)",
     0, Reach::kAround},
    {"set!", "(set! name value)", "Gives an existing variable a new value. Its value is ().",
     "(begin (define n 1) (set! n (+ n 1)) n) => 2\n"
     "(set! nowhere 1) !! set!: unbound variable: nowhere"},
    {"lambda", "(lambda (parameter... [. rest]) body...)",
     "A procedure. REST gets the list of all further arguments; a name instead of the list of "
     "parameters gets all of them.",
     "((lambda (a b) (- a b)) 5 3) => 2\n"
     "((lambda (a . rest) rest) 1 2 3) => (2 3)\n"
     "((lambda all all) 1 2) => (1 2)",
     0, Reach::kBody},
    {"let", "(let ((name value)...) body...)\n(let loop ((name value)...) body...)",
     "Evaluates the expressions with new variables. No VALUE sees the new names. With a name "
     "before "
     "the bindings the body can call it as a procedure, to go on with other values.",
     "(let ((a 1) (b 2)) (+ a b)) => 3\n"
     "(let loop ((i 0) (sum 0)) (if (> i 4) sum (loop (+ i 1) (+ sum i)))) => 10",
     0, Reach::kBody},
    {"let*", "(let* ((name value)...) body...)",
     "As `let`, one variable after the other: each VALUE sees the names before it.",
     "(let* ((a 1) (b (+ a 1))) (* a b)) => 2", 0, Reach::kSequential},
    {"letrec", "(letrec ((name value)...) body...)",
     "As `let`, but every VALUE sees all names, so that procedures can call each other.",
     "(letrec ((even (lambda (n) (if (= n 0) #t (odd (- n 1))))) "
     "(odd (lambda (n) (if (= n 0) #f (even (- n 1)))))) (even 10)) => #t",
     0, Reach::kRecursive},
    {"do", "(do ((name value [step])...) (test result...) body...)",
     "A loop: until TEST is true it evaluates the expressions, and then gives each name with a "
     "STEP "
     "its next value. The value is that of the last RESULT.",
     "(do ((i 0 (+ i 1)) (sum 0 (+ sum i))) ((= i 5) sum)) => 10", 0, Reach::kBody},
    {"guard", "(guard (name (test expression...)...) body...)",
     "The expressions in order. If one fails, NAME is what was raised, or the error, and the "
     "clauses are tried as those of `cond`; when none holds, the error goes on.",
     "(guard (e (#t (string-append \"no: \" (error-object-message e)))) (error \"down\")) => "
     "\"no: down\"\n"
     "(guard (e ((number? e) (+ e 1))) (raise 41)) => 42",
     0, Reach::kClause},
    {"defmacro", "(defmacro name (parameter... [. rest]) body...)",
     "Makes NAME a macro: its uses are replaced by what the expressions make of the arguments, "
     "which they get as data, not evaluated.",
     "(begin (defmacro swap (a b) `(list ,b ,a)) (swap 1 2)) => (2 1)", 0, Reach::kAround},
};
static_assert(std::size(kForms) == kSpecialForms);

}  // namespace

absl::Span<const Form> SpecialForms() { return kForms; }

std::string UsageHint(const Form& form, size_t way) {
  absl::string_view usage = form.usage;
  for (; way != 0; --way) usage.remove_prefix(usage.find('\n') + 1);
  return absl::StrCat("it is ", usage.substr(0, usage.find('\n')));
}

}  // namespace pelagos::reml
