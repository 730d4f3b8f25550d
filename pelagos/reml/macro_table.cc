#include "pelagos/reml/macro_table.h"

namespace pelagos::reml {
namespace {

constexpr Form kMessageRows[] = {
    {"logf", "(logf template x...)", "Short for `(log (format TEMPLATE X...))`.",
     R"x((logf "~a is up" "db") => ())x", 0},
    {"errorf", "(errorf template x...)", "Short for `(error (format TEMPLATE X...))`.",
     R"x((errorf "no port for ~a" 'db) !! no port for db)x", 0},
    {"with-cleanup", "(with-cleanup cleanup body...)",
     "Evaluates BODY, then calls the procedure CLEANUP: with `(ok VALUE)` when there is a value, "
     "which is then the value of the form, and with `(err MESSAGE)` when there is an error, which "
     "then goes on. An error in CLEANUP itself calls it once more. BODY sees the variables `exn` "
     "and `result` of the macro.",
     R"x((with-cleanup (lambda (r) (display (ok? r))) (+ 1 2)) => 3
(with-cleanup (lambda (r) (log (err-reason r))) (error "wrong")) !! wrong)x",
     0},
};

constexpr Form kRecordRows[] = {
    {"define-record-type", "(define-record-type name constructor predicate field...)",
     "Defines NAME as a new type, and procedures for its values. CONSTRUCTOR is `(PROCEDURE "
     "FIELD-NAME...)`; as a symbol it takes all fields, and `#f` makes none. PREDICATE, or `#f`, "
     "tells values of the type from all others. A FIELD is `(NAME ACCESSOR)`, or `(NAME ACCESSOR "
     "MODIFIER)` when it can be set. A field that the constructor does not take is `()` at first.",
     R"x((define-record-type point (make-point x y) point? (x point-x) (y point-y set-point-y!)) => ()
(make-point 1 2) => #<point x: 1 y: 2>
(point-x (make-point 1 2)) => 1
(let ((p (make-point 1 2))) (set-point-y! p 5) (point-y p)) => 5
(point? 5) => #f
(point-x 5) !! point-x: expected point, got int)x",
     1, Reach::kAround},
};

constexpr Form kServiceRows[] = {
    {"define-service", "(define-service variable service-name :option value... ...)",
     "Defines VARIABLE as the service SERVICE-NAME. Every keyword begins an option. Its values are "
     "evaluated: `:port 8080 80` is one option, and so is `:image (env \"IMAGE\")`. When the first "
     "value is a list that is no expression, every value is an option of its own: `:port (8080 . "
     "80) (443 443)`. A quoted list stands for its elements: `:command '(\"sh\" \"-c\" \"true\")`. "
     "`:depends-on` takes several names, `:tmpfs` several paths, and names of capabilities need no "
     "quotes.",
     R"x((let () (define-service web "web" :image "nginx" :port 8080 80) web) => #<service:web>
(let () (define-service w "w" :image "i" :env ("A" . "1") ("B" "2") :cap-drop net-raw) w) => #<service:w>
(define-service web) !! arity mismatch: expected at least 2 arguments, got 1)x",
     0, Reach::kAround},
};

constexpr Form kFutureRows[] = {
    {"define-nodes", "(define-nodes (variable service)...)",
     "Defines each VARIABLE as the future `(start SERVICE)`.",
     R"x((let () (define-nodes (db (service "db" '(image "redis")))) db) => #<future:db>)x", 0,
     Reach::kAround},
    {"define-then", "(define-then name future (parameter) body...)",
     "Defines NAME as the future `(then FUTURE (lambda (PARAMETER) BODY...) :name \"NAME\")`.",
     R"x((let () (define-then ip (start (service "db" '(image "redis"))) (c) (container-ip c)) ip) => #<future:ip after:1>)x",
     0, Reach::kAround},
    {"define-run", "(define-run [:parallel] [:max-parallel n] (variable future)...)",
     "Executes all FUTURES in one `run`, then defines each VARIABLE as the value of its FUTURE.",
     R"x((let () (define-run (db (start (service "db" '(image "redis"))))) db) => #<container proj-db>)x",
     0, Reach::kAround},
    {"define-results", "(define-results alist (variable key)...)",
     "Defines each VARIABLE as the value of KEY in ALIST, which is what `run` returned.",
     R"x((let () (define-results '(("db" . 1) ("web" . 2)) (a "db") (b "web")) (list a b)) => (1 2)
(let () (define-results '(("db" . 1)) (a "app")) a) !! result-ref: no result for 'app')x",
     0, Reach::kAround},
};

}  // namespace

MacroTable MessageMacros() { return {"Messages and cleaning up", "", kMessageRows}; }

MacroTable RecordMacros() {
  return {"Records",
          "A record is a value of a type of its own, with named fields. A type is made when "
          "`define-record-type` is evaluated, and its values are of no other type. Records are "
          "`equal?` when they are the same record.",
          kRecordRows};
}

MacroTable ServiceMacros() { return {"Services by keywords", "", kServiceRows}; }

MacroTable FutureMacros() { return {"Short forms for futures", "", kFutureRows}; }

}  // namespace pelagos::reml
