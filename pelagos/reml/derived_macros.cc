#include "pelagos/reml/derived_macros.h"

#include <string>
#include <vector>

#include "pelagos/reml/control.h"
#include "pelagos/reml/expansion.h"
#include "pelagos/reml/syntax_rules.h"

namespace pelagos::reml {
namespace {

// (let ((key KEY)) (cond ((is-one-of key '(DATUM ...)) BODY ...) ...))
std::optional<Value> Case(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (!HasAtLeast(form, 1)) return out.Fail("expected a key and clauses");
  const Value key = out.Fresh("key");
  ListBuilder clauses(out.heap());
  for (Value rest = form.cdr().cdr(); rest.is_pair(); rest = rest.cdr()) {
    const Value clause = rest.car();
    const bool is_else = clause.is_pair() && out.Is(clause.car(), "else");
    if (!ListLength(clause) || !clause.is_pair() || (!is_else && !ListLength(clause.car()))) {
      return out.Fail(rest, "clause must be ((datum ...) body ...)");
    }
    Value body = clause.cdr();
    if (body.is_pair() && out.Is(body.car(), "=>")) {
      if (ListLength(body) != 2) return out.Fail(rest, "expected (... => procedure)");
      body = out.List({out.List({body.cdr().car(), key})});
    }
    const Value test =
        is_else ? out.Name("else")
                : out.List({out.Procedure(control::kIsOneOf), key, out.Quote(clause.car())});
    clauses.Add(out.heap().Cons(test, body), CarSpan(rest));
  }
  const Value binding =
      out.heap().Cons(key, out.heap().Cons(form.cdr().car(), Value::Nil(), CarSpan(form.cdr())));
  return out.List(
      {out.Name("let"), out.List({binding}), out.heap().Cons(out.Name("cond"), clauses.Finish())});
}

std::optional<Value> CaseLambda(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  ListBuilder call(out.heap());
  call.Add(out.Procedure(control::kMakeCaseLambda));
  for (Value rest = form.cdr(); rest.is_pair(); rest = rest.cdr()) {
    if (!rest.car().is_pair()) return out.Fail(rest, "clause must be (parameters body ...)");
    call.Add(out.heap().Cons(out.Name("lambda"), rest.car()), CarSpan(rest));
  }
  return call.Finish();
}

// FORMALS with a fresh name for each; the user's names and the fresh ones go to the lists.
std::optional<Value> Renamed(Expansion& out, Value formals, std::vector<Value>& names,
                             std::vector<Value>& fresh) {
  ListBuilder renamed(out.heap());
  for (; formals.is_pair(); formals = formals.cdr()) {
    if (!formals.car().is_symbol()) return out.Fail(formals, "parameter must be a symbol");
    names.push_back(formals.car());
    fresh.push_back(out.Fresh(formals.car().text()));
    renamed.Add(fresh.back());
  }
  if (formals.is_nil()) return renamed.Finish();
  if (!formals.is_symbol()) return out.Fail("expected parameter list");
  names.push_back(formals);
  fresh.push_back(out.Fresh(formals.text()));
  if (renamed.empty()) return fresh.back();
  renamed.SetTail(fresh.back());
  return renamed.Finish();
}

Value Receiving(Expansion& out, Value expression_pair, Value formals, Value body) {
  return out.List({out.Procedure(control::kCallWithValues), out.Thunk(expression_pair),
                   out.Lambda(formals, body)});
}

struct ValuesBinding {
  Value formals;
  Value expression;  // a list of the expression alone
};

// ((FORMALS EXPRESSION) ...)
std::optional<std::vector<ValuesBinding>> ValuesBindings(Expansion& out, Value form) {
  if (!HasAtLeast(form, 2) || !ListLength(form.cdr().car())) {
    return out.Fail("expected ((parameters expression) ...) and a body");
  }
  std::vector<ValuesBinding> bindings;
  for (Value rest = form.cdr().car(); rest.is_pair(); rest = rest.cdr()) {
    if (ListLength(rest.car()) != 2) {
      return out.Fail(rest, "binding must have parameters and an expression");
    }
    bindings.push_back({rest.car().car(), rest.car().cdr()});
  }
  return bindings;
}

// All expressions are evaluated before a name is bound.
std::optional<Value> LetValues(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  const auto bindings = ValuesBindings(out, form);
  if (!bindings) return std::nullopt;
  std::vector<Value> names, fresh, formals;
  for (const ValuesBinding& binding : *bindings) {
    const std::optional<Value> renamed = Renamed(out, binding.formals, names, fresh);
    if (!renamed) return std::nullopt;
    formals.push_back(*renamed);
  }
  ListBuilder lets(out.heap());
  for (size_t i = 0; i < names.size(); ++i) lets.Add(out.List({names[i], fresh[i]}));
  Value body = out.Append({out.Name("let"), lets.Finish()}, form.cdr().cdr());
  for (size_t i = bindings->size(); i > 0; --i) {
    body = Receiving(out, (*bindings)[i - 1].expression, formals[i - 1], out.List({body}));
  }
  return body;
}

std::optional<Value> LetStarValues(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  const auto bindings = ValuesBindings(out, form);
  if (!bindings) return std::nullopt;
  Value body = out.Append({out.Name("let"), Value::Nil()}, form.cdr().cdr());
  for (size_t i = bindings->size(); i > 0; --i) {
    const ValuesBinding& binding = (*bindings)[i - 1];
    body = Receiving(out, binding.expression, binding.formals, out.List({body}));
  }
  return body;
}

std::optional<Value> Receive(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (!HasAtLeast(form, 3)) return out.Fail("expected parameters, an expression and a body");
  const Value rest = form.cdr().cdr();
  return Receiving(out, out.List({rest.car()}), form.cdr().car(), rest.cdr());
}

std::optional<Value> DefineValues(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (!HasAtLeast(form, 2)) return out.Fail("expected parameters and an expression");
  std::vector<Value> names, fresh;
  const std::optional<Value> formals = Renamed(out, form.cdr().car(), names, fresh);
  if (!formals) return std::nullopt;
  ListBuilder begin(out.heap());
  begin.Add(out.Name("begin"));
  ListBuilder sets(out.heap());
  for (size_t i = 0; i < names.size(); ++i) {
    begin.Add(out.List({out.Name("define"), names[i]}));
    sets.Add(out.List({out.Name("set!"), names[i], fresh[i]}));
  }
  begin.Add(Receiving(out, form.cdr().cdr(), *formals, sets.Finish()));
  begin.Add(Value::Nil());
  return begin.Finish();
}

std::optional<Value> Parameterize(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (!HasAtLeast(form, 2)) return out.Fail("expected ((parameter value) ...) and a body");
  ListBuilder call(out.heap());
  call.Add(out.Procedure(control::kParameterize));
  call.Add(out.Thunk(form.cdr().cdr()));
  Value rest = form.cdr().car();
  for (; rest.is_pair(); rest = rest.cdr()) {
    if (ListLength(rest.car()) != 2) return out.Fail(rest, "binding must have parameter and value");
    call.Add(rest.car().car(), CarSpan(rest.car()));
    call.Add(rest.car().cdr().car(), CarSpan(rest.car().cdr()));
  }
  if (!rest.is_nil()) return out.Fail(form.cdr(), "expected ((parameter value) ...)");
  return call.Finish();
}

std::optional<Value> Delay(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (ListLength(form) != 2) return out.Fail("expected 1 expression");
  return out.List({out.Procedure(control::kDelay), out.Thunk(form.cdr())});
}

std::optional<Value> DelayForce(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (ListLength(form) != 2) return out.Fail("expected 1 expression");
  return out.List({out.Procedure(control::kDelayForce), out.Thunk(form.cdr())});
}

// (let () (define NAME EXPRESSION) ... BODY ...)
std::optional<Value> LetrecStar(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (!HasAtLeast(form, 2)) return out.Fail("expected bindings and a body");
  ListBuilder all(out.heap());
  all.Add(out.Name("let"));
  all.Add(Value::Nil());
  Value rest = form.cdr().car();
  for (; rest.is_pair(); rest = rest.cdr()) {
    if (ListLength(rest.car()) != 2 || !rest.car().car().is_symbol()) {
      return out.Fail(rest, "binding must have name and value");
    }
    all.Add(out.heap().Cons(out.Name("define"), rest.car()), CarSpan(rest));
  }
  if (!rest.is_nil()) return out.Fail(form.cdr(), "expected bindings");
  all.Add(out.Append({out.Name("let"), Value::Nil()}, form.cdr().cdr()));
  return all.Finish();
}

std::optional<Value> Assert(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (ListLength(form) != 2) return out.Fail("expected 1 expression");
  return out.List(
      {out.Name("or"), form.cdr().car(),
       out.List({out.Procedure(control::kAssertionFailed), out.Quote(form.cdr().car())})});
}

// What cond-expand asks for (R7RS 4.2.1). nullopt: it is no such thing.
std::optional<bool> Holds(Expansion& out, Value requirement, size_t depth) {
  constexpr size_t kDeepest = 100;
  if (depth > kDeepest) return std::nullopt;
  if (requirement.is_symbol()) {
    for (absl::string_view feature : {"else", "reml", "pelagos", "r7rs", "full-unicode"}) {
      if (out.Is(requirement, feature)) return true;
    }
    return false;
  }
  if (!requirement.is_pair() || !ListLength(requirement)) return std::nullopt;
  const Value rest = requirement.cdr();
  if (out.Is(requirement.car(), "library")) {
    return rest.is_pair() && rest.car().is_pair() && out.Is(rest.car().car(), "scheme");
  }
  if (out.Is(requirement.car(), "not")) {
    if (!rest.is_pair()) return std::nullopt;
    const std::optional<bool> holds = Holds(out, rest.car(), depth + 1);
    return holds ? std::optional<bool>(!*holds) : std::nullopt;
  }
  const bool all = out.Is(requirement.car(), "and");
  if (!all && !out.Is(requirement.car(), "or")) return std::nullopt;
  for (Value part = rest; part.is_pair(); part = part.cdr()) {
    const std::optional<bool> holds = Holds(out, part.car(), depth + 1);
    if (!holds || *holds != all) return holds;
  }
  return all;
}

std::optional<Value> CondExpand(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  for (Value rest = form.cdr(); rest.is_pair(); rest = rest.cdr()) {
    const Value clause = rest.car();
    if (!clause.is_pair()) return out.Fail(rest, "clause must be (requirement body ...)");
    const std::optional<bool> holds = Holds(out, clause.car(), 0);
    if (!holds) {
      return out.Fail(clause,
                      "expected a feature, (and ...), (or ...), (not ...) or (library ...)");
    }
    if (*holds) return out.heap().Cons(out.Name("begin"), clause.cdr());
  }
  return out.Fail("no clause holds here", "add (else ...)");
}

constexpr DerivedMacro kMacros[] = {
    {{"case", "(case key ((datum...) body...)... [(else body...)])",
      "Goes on with the clause that has the value of KEY among its data, compared with `eqv?`. "
      "`=> procedure` instead of the body calls it with the key.",
      "(case (* 2 3) ((2 3 5 7) 'prime) ((1 4 6 8 9) 'composite)) => composite\n"
      "(case 'x ((a) 1) (else => list)) => (x)",
      1},
     Case},
    {{"case-lambda", "(case-lambda (parameters body...)...)",
      "A procedure with a clause for each number of arguments.",
      "(define area (case-lambda ((a) (* a a)) ((a b) (* a b)))) => ()\n"
      "(list (area 3) (area 3 4)) => (9 12)",
      1, Reach::kClause},
     CaseLambda},
    {{"let-values", "(let-values (((name...) value)...) body...)",
      "Binds the values that each expression gives.",
      "(let-values (((a b) (values 1 2)) ((c . d) (values 3 4 5))) (list a b c d)) => (1 2 3 (4 "
      "5))",
      1, Reach::kBody},
     LetValues},
    {{"let*-values", "(let*-values (((name...) value)...) body...)",
      "As `let-values`, one after the other.",
      "(let*-values (((a b) (values 1 2)) ((c) (values (+ a b)))) c) => 3", 1, Reach::kSequential},
     LetStarValues},
    {{"receive", "(receive parameters value body...)",
      "Binds the values that the expression gives (SRFI 8).",
      "(receive (first . rest) (values 1 2 3) rest) => (2 3)", 1, Reach::kBody},
     Receive},
    {{"define-values", "(define-values (name...) value)",
      "Defines a name for each value that the expression gives.",
      "(define-values (host port) (values \"db\" 5432)) => ()\n(list host port) => (\"db\" 5432)",
      1, Reach::kAround},
     DefineValues},
    {{"letrec*", "(letrec* ((name value)...) body...)",
      "As `letrec`, evaluated from left to right.", "(letrec* ((a 1) (b (+ a 1))) b) => 2", 1,
      Reach::kRecursive},
     LetrecStar},
    {{"parameterize", "(parameterize ((parameter value)...) body...)",
      "Gives parameters other values while the body runs.",
      "(define indent (make-parameter 0)) => ()\n(parameterize ((indent 2)) (indent)) => 2", 1},
     Parameterize},
    {{"delay", "(delay expression)", "A promise: `force` evaluates the expression, once.",
      "(force (delay (* 6 7))) => 42", 1},
     Delay},
    {{"delay-force", "(delay-force expression)",
      "A promise whose expression gives another promise, to be forced in its place: loops of "
      "promises need no more room.",
      "(force (delay-force (delay 1))) => 1", 1},
     DelayForce},
    {{"assert", "(assert expression)",
      "An error unless the expression is true; its value otherwise.",
      "(assert (< 1 2)) => #t\n(assert (= 1 2)) !! assertion failed: (= 1 2)", 1},
     Assert},
    {{"cond-expand", "(cond-expand (requirement body...)... [(else body...)])",
      "Goes on with the first clause whose requirement holds. Features are `reml`, `pelagos`, "
      "`r7rs` "
      "and `full-unicode`; `(library (scheme base))` and others of `scheme` hold too.",
      "(cond-expand ((and reml (not chicken)) 'here) (else 'there)) => here", 1},
     CondExpand},
    {{"define-syntax", "(define-syntax name (syntax-rules (literal...) (pattern template)...))",
      "Defines a hygienic macro: names that the template brings neither capture the user's nor are "
      "captured by them.",
      "(define-syntax swap! (syntax-rules () ((_ a b) (let ((t a)) (set! a b) (set! b t))))) => "
      "()\n"
      "(let ((t 1) (u 2)) (swap! t u) (list t u)) => (2 1)",
      1, Reach::kAround},
     DefineSyntax},
    {{"let-syntax", "(let-syntax ((name (syntax-rules ...))...) body...)",
      "Macros for the body alone.",
      "(let-syntax ((twice (syntax-rules () ((_ x) (* 2 x))))) (twice 4)) => 8", 1, Reach::kBody},
     LetSyntax},
    {{"letrec-syntax", "(letrec-syntax ((name (syntax-rules ...))...) body...)",
      "As `let-syntax`; the macros may use each other.",
      "(letrec-syntax ((all (syntax-rules () ((_) #t) ((_ x y ...) (if x (all y ...) #f))))) (all "
      "1 "
      "2 "
      "3)) => #t",
      1, Reach::kRecursive},
     LetSyntax},
};

}  // namespace

absl::Span<const DerivedMacro> DerivedMacros() { return kMacros; }

}  // namespace pelagos::reml
