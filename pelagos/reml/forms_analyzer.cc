// The special forms: what each turns its data into.
#include <iterator>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/analyzer.h"
#include "pelagos/reml/list.h"

namespace pelagos::reml {

Analyzer::Function Analyzer::FunctionOf(SpecialForm form) {
  // In the order of SpecialForm.
  static constexpr Function kFunctions[] = {
      nullptr,
      &Analyzer::Quote,
      &Analyzer::Quasiquote,
      &Analyzer::If,
      &Analyzer::Cond,
      &Analyzer::When,
      &Analyzer::Unless,
      &Analyzer::And,
      &Analyzer::Or,
      &Analyzer::BeginForm,
      &Analyzer::Define,
      &Analyzer::Set,
      &Analyzer::LambdaForm,
      &Analyzer::Let,
      &Analyzer::LetStar,
      &Analyzer::Letrec,
      &Analyzer::Do,
      &Analyzer::Guard,
      &Analyzer::Defmacro,
  };
  static_assert(std::size(kFunctions) == kSpecialForms + 1);
  return kFunctions[static_cast<size_t>(form)];
}

bool Analyzer::ParseFormals(Value formals, Span span, size_t way, Formals& out) {
  if (IsQuoted(formals)) return FailName(formals, span, "expected parameter list", way);
  Span at = span;
  for (; formals.is_pair(); formals = formals.cdr()) {
    const Value name = formals.car();
    const Span place = Known(CarSpan(formals), at);
    if (!name.is_symbol()) {
      return FailName(name, place,
                      absl::StrCat("parameter must be a symbol, got ", name.type_name()), way);
    }
    out.names.push_back(name.symbol());
    at = Known(TailSpan(formals), span);
  }
  if (formals.is_nil()) return true;
  if (!formals.is_symbol()) return FailShape(at, "expected parameter list", way);
  out.rest = true;
  out.names.push_back(formals.symbol());
  return true;
}

bool Analyzer::ParseBindings(const Node& node, Value list, size_t way, std::vector<Symbol*>& names,
                             std::vector<Value>& values) {
  const Value all = list;
  for (; list.is_pair(); list = list.cdr()) {
    const Value binding = list.car();
    const Span span = Known(CarSpan(list), node.span);
    const bool good = ListLength(binding) == 2;
    if (!good || !binding.car().is_symbol()) {
      return FailName(good ? binding.car() : Value(), span, "binding must have name and value",
                      way);
    }
    names.push_back(binding.car().symbol());
    values.push_back(binding.cdr());
  }
  if (list.is_nil()) return true;
  return FailShape(Known(SpanOf(all), node.span), "expected binding list", way);
}

bool Analyzer::Clauses(Node& node, Value clauses, Scope* scope) {
  for (; clauses.is_pair(); clauses = clauses.cdr()) {
    const Value clause = clauses.car();
    const std::optional<size_t> length = ListLength(clause);
    if (!clause.is_pair() || !length) {
      const Span span = Known(CarSpan(clauses), node.span);
      if (!Is(clause, else_)) return FailShape(span, "clause must be a list");
      return Fail(span, absl::StrCat(form_->name, ": clause must be a list"),
                  "it is (else expression...)");
    }
    node.kids.push_back(Is(clause.car(), else_) ? Constant(node, Value::Bool(true))
                                                : Child(node, clause, scope));
    Node* body = Begin(node, clause.cdr(), scope);
    if (clause.cdr().is_pair() && Is(clause.cdr().car(), arrow_)) {
      if (*length != 3) {
        return Fail(Known(CarSpan(clauses), node.span),
                    absl::StrCat(form_->name, ": expected (test => procedure)"));
      }
      body->kids.erase(body->kids.begin());
      body->op = Op::kArrow;
    }
    node.kids.push_back(body);
  }
  return true;
}

bool Analyzer::Quote(Node& node, Value rest, size_t count) {
  if (count != 1) return FailShape(node.span, "expected 1 argument");
  node.datum = node.macro_use == nullptr ? rest.car() : Plain(rest.car());
  node.op = Op::kConstant;
  return true;
}

bool Analyzer::Quasiquote(Node& node, Value rest, size_t count) {
  if (count != 1) return FailShape(node.span, "expected 1 argument");
  const Span span = Known(CarSpan(rest), node.span);
  const auto note = [&](Value expression, Span& at) {
    node.kids.push_back(NewNode(node, expression, at, node.scope));
    return Value::Nil();
  };
  if (!FillTemplate(heap_, quasiquote_, rest.car(), span, note, *problem_)) return false;
  node.datum = node.macro_use == nullptr ? rest.car() : Plain(rest.car());
  node.op = node.kids.empty() ? Op::kConstant : Op::kQuasiquote;
  return true;
}

bool Analyzer::If(Node& node, Value rest, size_t count) {
  if (count > 3) {
    return Fail(node.span, "if: expected 2 or 3 arguments",
                absl::StrCat(UsageHint(*form_), "; (begin ...) makes one of several"));
  }
  if (count < 2) return FailShape(node.span, "expected 2 or 3 arguments");
  AddKids(node, rest, node.scope);
  if (count == 2) node.kids.push_back(Constant(node, Value::Nil()));
  node.op = Op::kIf;
  return true;
}

bool Analyzer::Cond(Node& node, Value rest, size_t) {
  if (!Clauses(node, rest, node.scope)) return false;
  node.op = Op::kCond;
  return true;
}

bool Analyzer::When(Node& node, Value rest, size_t count) {
  if (count == 0) return FailShape(node.span, "expected a condition");
  AddKids(node, rest, node.scope);
  node.op = Op::kWhen;
  return true;
}

bool Analyzer::Unless(Node& node, Value rest, size_t count) {
  if (count == 0) return FailShape(node.span, "expected a condition");
  AddKids(node, rest, node.scope);
  node.op = Op::kUnless;
  return true;
}

bool Analyzer::And(Node& node, Value rest, size_t) {
  AddKids(node, rest, node.scope);
  node.op = Op::kAnd;
  return true;
}

bool Analyzer::Or(Node& node, Value rest, size_t) {
  AddKids(node, rest, node.scope);
  node.op = Op::kOr;
  return true;
}

bool Analyzer::BeginForm(Node& node, Value rest, size_t) {
  AddKids(node, rest, node.scope);
  node.op = Op::kBegin;
  return true;
}

bool Analyzer::Define(Node& node, Value rest, size_t count) {
  if (count == 0) return FailShape(node.span, "expected name");
  const Value target = rest.car();
  const Span at = Known(CarSpan(rest), node.span);
  const std::optional<Symbol*> name = Name(target.is_pair() ? target.car() : target, true);
  if (!name) return FailShape(at, "expected name", target.is_pair() ? 1 : 0);
  if (IsQuoted(target)) return FailName(target, at, "expected name");
  if (target.is_pair()) {
    Formals formals;
    if (!ParseFormals(target.cdr(), Known(TailSpan(target), at), 1, formals)) return false;
    node.kids.push_back(Lambda(node, formals, rest.cdr(), node.scope));
    node.kids.back()->name = *name;
  } else if (count > 1) {
    node.kids.push_back(Child(node, rest.cdr(), node.scope));
  } else {
    node.kids.push_back(Constant(node, Value::Nil()));
  }
  node.name = *name;
  node.op = Op::kDefine;
  return true;
}

bool Analyzer::Set(Node& node, Value rest, size_t count) {
  if (count != 2) return FailShape(node.span, "expected name and value");
  if (!rest.car().is_symbol()) {
    return FailName(rest.car(), Known(CarSpan(rest), node.span), "expected name");
  }
  node.kids.push_back(Child(node, rest.cdr(), node.scope));
  Node* variable = Child(node, rest, node.scope);
  variable->name = rest.car().symbol();
  Resolve(*variable);
  node.kids.push_back(variable);
  node.op = Op::kSet;
  return true;
}

bool Analyzer::LambdaForm(Node& node, Value rest, size_t count) {
  if (count == 0) return FailShape(node.span, "expected parameter list");
  Formals formals;
  if (!ParseFormals(rest.car(), Known(CarSpan(rest), node.span), 0, formals)) return false;
  const Node* lambda = Lambda(node, formals, rest.cdr(), node.scope);
  node.rest = lambda->rest;
  node.params = lambda->params;
  node.inner = lambda->inner;
  node.kids = lambda->kids;
  node.op = Op::kLambda;
  return true;
}

bool Analyzer::Let(Node& node, Value rest, size_t count) {
  if (count == 0) return FailShape(node.span, "expected binding list");
  if (rest.car().is_symbol()) return NamedLet(node, rest, count);
  std::vector<Symbol*> names;
  std::vector<Value> values;
  if (!ParseBindings(node, rest.car(), 0, names, values)) return false;
  node.params = static_cast<uint32_t>(names.size());
  for (Value value : values) node.kids.push_back(Child(node, value, node.scope));
  node.inner = NewScope(node.scope, std::move(names));
  Foresee(*node.inner, rest.cdr());
  AddKids(node, rest.cdr(), node.inner);
  node.op = Op::kLet;
  return true;
}

bool Analyzer::NamedLet(Node& node, Value rest, size_t count) {
  if (count < 2) return FailShape(node.span, "expected binding list", 1);
  Formals formals;
  std::vector<Value> values;
  if (!ParseBindings(node, rest.cdr().car(), 1, formals.names, values)) return false;
  node.params = static_cast<uint32_t>(values.size());
  for (Value value : values) node.kids.push_back(Child(node, value, node.scope));
  node.inner = NewScope(node.scope, {rest.car().symbol()});
  node.kids.push_back(Lambda(node, formals, rest.cdr().cdr(), node.inner));
  node.name = rest.car().symbol();
  node.kids.back()->name = node.name;
  node.op = Op::kNamedLet;
  return true;
}

bool Analyzer::LetStar(Node& node, Value rest, size_t count) {
  if (count == 0) return FailShape(node.span, "expected binding list");
  std::vector<Symbol*> names;
  std::vector<Value> values;
  if (!ParseBindings(node, rest.car(), 0, names, values)) return false;
  Scope* scope = node.scope;
  for (size_t i = 0; i < values.size(); ++i) {
    node.kids.push_back(Child(node, values[i], scope));
    scope = NewScope(scope, {names[i]});
    node.scopes.push_back(scope);
  }
  node.params = static_cast<uint32_t>(values.size());
  node.op = Op::kLetStar;
  if (values.empty()) {
    node.inner = scope = NewScope(scope, {});
    node.op = Op::kLet;
  }
  Foresee(*scope, rest.cdr());
  AddKids(node, rest.cdr(), scope);
  return true;
}

bool Analyzer::Letrec(Node& node, Value rest, size_t count) {
  if (count == 0) return FailShape(node.span, "expected binding list");
  std::vector<Symbol*> names;
  std::vector<Value> values;
  if (!ParseBindings(node, rest.car(), 0, names, values)) return false;
  node.params = static_cast<uint32_t>(names.size());
  node.inner = NewScope(node.scope, std::move(names));
  node.inner->late = true;
  Foresee(*node.inner, rest.cdr());
  for (Value value : values) node.kids.push_back(Child(node, value, node.inner));
  AddKids(node, rest.cdr(), node.inner);
  node.op = Op::kLetrec;
  return true;
}

bool Analyzer::Do(Node& node, Value rest, size_t count) {
  if (count < 2) return FailShape(node.span, "expected bindings and a test");
  std::vector<Symbol*> names;
  std::vector<Value> bindings;
  Value list = rest.car();
  for (; list.is_pair(); list = list.cdr()) {
    const std::optional<size_t> length = ListLength(list.car());
    if ((length != 2 && length != 3) || !list.car().car().is_symbol()) {
      return FailShape(Known(CarSpan(list), node.span),
                       "binding must have name, value and maybe a step");
    }
    names.push_back(list.car().car().symbol());
    bindings.push_back(list.car());
  }
  const Value clause = rest.cdr().car();
  if (!list.is_nil()) return FailShape(Known(CarSpan(rest), node.span), "expected binding list");
  if (!clause.is_pair() || !ListLength(clause)) {
    return FailShape(Known(CarSpan(rest.cdr()), node.span), "expected (test result...)");
  }
  node.params = static_cast<uint32_t>(names.size());
  node.inner = NewScope(node.scope, std::move(names));
  Foresee(*node.inner, rest.cdr().cdr());
  for (Value binding : bindings) node.kids.push_back(Child(node, binding.cdr(), node.scope));
  for (Value binding : bindings) {
    // Without a step the variable keeps its value.
    const bool has_step = binding.cdr().cdr().is_pair();
    node.kids.push_back(Child(node, has_step ? binding.cdr().cdr() : binding, node.inner));
  }
  node.kids.push_back(Child(node, clause, node.inner));
  node.kids.push_back(Begin(node, clause.cdr(), node.inner));
  AddKids(node, rest.cdr().cdr(), node.inner);
  node.op = Op::kDo;
  return true;
}

bool Analyzer::Guard(Node& node, Value rest, size_t count) {
  if (count == 0 || !rest.car().is_pair() || !rest.car().car().is_symbol()) {
    return FailShape(count == 0 ? node.span : Known(CarSpan(rest), node.span),
                     "expected (variable clause...)");
  }
  const Value header = rest.car();
  node.inner = NewScope(node.scope, {&caught_, header.car().symbol()});
  node.kids.push_back(Begin(node, rest.cdr(), node.scope));
  Node* clauses = NewNode(node, Value::Nil(), node.span, node.inner);
  if (!Clauses(*clauses, header.cdr(), node.inner)) return false;
  clauses->op = Op::kGuardClauses;
  node.kids.push_back(clauses);
  node.op = Op::kGuard;
  return true;
}

bool Analyzer::Defmacro(Node& node, Value rest, size_t count) {
  if (count == 0) return FailShape(node.span, "expected name");
  if (!rest.car().is_symbol()) {
    return FailName(rest.car(), Known(CarSpan(rest), node.span), "expected name");
  }
  if (count < 2) return FailShape(node.span, "expected parameter list");
  Formals formals;
  if (!ParseFormals(rest.cdr().car(), Known(CarSpan(rest.cdr()), node.span), 0, formals)) {
    return false;
  }
  node.kids.push_back(Lambda(node, formals, rest.cdr().cdr(), node.scope));
  node.name = rest.car().symbol();
  node.op = Op::kDefmacro;
  return true;
}

}  // namespace pelagos::reml
