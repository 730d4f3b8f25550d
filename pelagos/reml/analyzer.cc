#include "pelagos/reml/analyzer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/list.h"

namespace pelagos::reml {
namespace {

Span Known(Span span, Span otherwise) { return span.known() ? span : otherwise; }

}  // namespace

struct Analyzer::Form {
  absl::string_view name;
  bool (Analyzer::*analyze)(Node& node, Value rest, size_t count);
};

constexpr Analyzer::Form Analyzer::kForms[] = {
    {"quote", &Analyzer::Quote},     {"quasiquote", &Analyzer::Quasiquote},
    {"if", &Analyzer::If},           {"cond", &Analyzer::Cond},
    {"when", &Analyzer::When},       {"unless", &Analyzer::Unless},
    {"and", &Analyzer::And},         {"or", &Analyzer::Or},
    {"begin", &Analyzer::BeginForm}, {"define", &Analyzer::Define},
    {"set!", &Analyzer::Set},        {"lambda", &Analyzer::LambdaForm},
    {"let", &Analyzer::Let},         {"let*", &Analyzer::LetStar},
    {"letrec", &Analyzer::Letrec},   {"do", &Analyzer::Do},
    {"guard", &Analyzer::Guard},     {"defmacro", &Analyzer::Defmacro},
};

Analyzer::Analyzer(Heap& heap)
    : heap_(heap),
      quasiquote_(heap),
      else_(heap.Intern("else").symbol()),
      arrow_(heap.Intern("=>").symbol()),
      define_(heap.Intern("define").symbol()) {
  uint8_t number = 0;
  for (const Form& form : kForms) heap.Intern(form.name).symbol()->special_form = ++number;
}

std::vector<absl::string_view> Analyzer::SpecialForms() {
  std::vector<absl::string_view> names;
  for (const Form& form : kForms) names.push_back(form.name);
  return names;
}

bool Analyzer::Analyze(Node& node, Diagnostic& problem) {
  problem_ = &problem;
  const Value datum = node.datum;
  if (datum.is_symbol()) {
    if (datum.is_keyword()) {
      node.datum = Plain(datum);
      node.op = Op::kConstant;
      return true;
    }
    node.name = datum.symbol();
    Resolve(node);
    return true;
  }
  if (!datum.is_pair()) {
    node.op = Op::kConstant;
    return true;
  }
  const std::optional<size_t> length = ListLength(datum);
  if (!length) return Fail(node.span, "cannot evaluate dotted list as expression");
  if (datum.car().is_symbol() && IsSpecialForm(datum.car().symbol())) {
    const Form& form = kForms[datum.car().symbol()->special_form - 1];
    node.kids.clear();
    node.scopes.clear();
    if (!(this->*form.analyze)(node, datum.cdr(), *length - 1)) return false;
  } else {
    AddKids(node, datum, node.scope);
    node.op = Op::kCall;
  }
  heap_.Grew(&node, node.kids.size() * sizeof(Node*));
  return true;
}

void Analyzer::Resolve(Node& variable) {
  variable.epoch = epoch_;
  variable.depth = 0;
  NameWalk walk(variable.name);
  for (const Scope* scope = variable.scope; scope != nullptr; scope = scope->parent) {
    // From the end: of two parameters with one name the later counts.
    const auto it = std::find(scope->names.rbegin(), scope->names.rend(), walk.In(scope));
    if (it != scope->names.rend()) {
      variable.index = static_cast<uint32_t>(scope->names.rend() - it - 1);
      const bool sure = variable.index < scope->fixed && !scope->late;
      variable.op = sure ? Op::kArgument : Op::kLocal;
      return;
    }
    ++variable.depth;
  }
  variable.op = Op::kGlobal;
  variable.global = walk.Global();
}

uint32_t Analyzer::Declare(Scope& scope, Symbol* name) {
  const auto it = std::find(scope.names.rbegin(), scope.names.rend(), name);
  if (it != scope.names.rend()) return static_cast<uint32_t>(scope.names.rend() - it - 1);
  scope.names.push_back(name);
  heap_.Grew(&scope, sizeof(Symbol*));
  ++epoch_;
  return static_cast<uint32_t>(scope.names.size() - 1);
}

bool Analyzer::Fail(Span span, std::string message, std::string hint) {
  *problem_ = {Severity::kError, span, std::move(message), std::move(hint)};
  return false;
}

Node* Analyzer::NewNode(const Node& parent, Value datum, Span span, Scope* scope) {
  return heap_.New<Node>(0, datum, Known(span, parent.span), scope, parent.macro_use);
}

Node* Analyzer::Child(const Node& parent, Value pair, Scope* scope) {
  return NewNode(parent, pair.car(), Known(CarSpan(pair), SpanOf(pair.car())), scope);
}

Node* Analyzer::Constant(const Node& parent, Value value) {
  Node* node = NewNode(parent, value, parent.span, parent.scope);
  node->op = Op::kConstant;
  return node;
}

void Analyzer::AddKids(Node& node, Value list, Scope* scope) {
  for (; list.is_pair(); list = list.cdr()) node.kids.push_back(Child(node, list, scope));
}

Node* Analyzer::Begin(const Node& parent, Value body, Scope* scope) {
  Node* node = NewNode(parent, Value::Nil(), parent.span, scope);
  AddKids(*node, body, scope);
  node->op = Op::kBegin;
  heap_.Grew(node, node->kids.size() * sizeof(Node*));
  return node;
}

Scope* Analyzer::NewScope(Scope* parent, std::vector<Symbol*> names) {
  const size_t bytes = names.size() * sizeof(Symbol*);
  return heap_.New<Scope>(bytes, parent, std::move(names));
}

void Analyzer::Foresee(Scope& scope, Value body) {
  for (; body.is_pair(); body = body.cdr()) {
    const Value form = body.car();
    if (!form.is_pair() || !Is(form.car(), define_)) continue;
    if (!form.cdr().is_pair()) continue;
    Value name = form.cdr().car();
    if (name.is_pair()) name = name.car();
    const std::optional<Symbol*> symbol = Name(name, true);
    if (symbol && std::count(scope.names.begin(), scope.names.end(), *symbol) == 0) {
      scope.names.push_back(*symbol);
    }
  }
}

std::optional<Symbol*> Analyzer::Name(Value value, bool or_string) {
  if (value.is_symbol()) return value.symbol();
  if (or_string && value.is_string()) return heap_.Intern(value.text()).symbol();
  return std::nullopt;
}

bool Analyzer::ParseFormals(Value formals, Span span, absl::string_view form, Formals& out) {
  Span at = span;
  for (; formals.is_pair(); formals = formals.cdr()) {
    if (!formals.car().is_symbol()) {
      return Fail(
          Known(CarSpan(formals), at),
          absl::StrCat(form, ": parameter must be a symbol, got ", formals.car().type_name()));
    }
    out.names.push_back(formals.car().symbol());
    at = Known(TailSpan(formals), span);
  }
  if (formals.is_nil()) return true;
  if (!formals.is_symbol()) {
    return Fail(at, absl::StrCat(form, ": expected parameter list"));
  }
  out.rest = true;
  out.names.push_back(formals.symbol());
  return true;
}

Node* Analyzer::Lambda(const Node& parent, const Formals& formals, Value body, Scope* scope) {
  Node* node = NewNode(parent, parent.datum, parent.span, scope);
  node->rest = formals.rest;
  node->params = static_cast<uint32_t>(formals.names.size() - (formals.rest ? 1 : 0));
  node->inner = NewScope(scope, formals.names);
  Foresee(*node->inner, body);
  AddKids(*node, body, node->inner);
  node->op = Op::kLambda;
  heap_.Grew(node, node->kids.size() * sizeof(Node*));
  return node;
}

bool Analyzer::ParseBindings(const Node& node, Value list, absl::string_view form,
                             std::vector<Symbol*>& names, std::vector<Value>& values) {
  const Value all = list;
  for (; list.is_pair(); list = list.cdr()) {
    const Value binding = list.car();
    if (ListLength(binding) != 2 || !binding.car().is_symbol()) {
      return Fail(Known(CarSpan(list), node.span),
                  absl::StrCat(form, ": binding must have name and value"));
    }
    names.push_back(binding.car().symbol());
    values.push_back(binding.cdr());
  }
  if (list.is_nil()) return true;
  return Fail(Known(SpanOf(all), node.span), absl::StrCat(form, ": expected binding list"));
}

bool Analyzer::Is(Value value, const Symbol* name) const {
  return value.is_symbol() && NameWalk(value.symbol()).Global() == name;
}

Value Analyzer::Plain(Value datum) {
  if (datum.is_symbol()) return Value::Of(NameWalk(datum.symbol()).Global());
  if (!datum.is_pair()) return datum;
  // The copy of a list whose elements are being copied, with what is left of the original.
  struct Open {
    Value rest;
    ListBuilder copy;
    Span span;
  };
  std::vector<Open> open;
  open.push_back({datum, ListBuilder(heap_), SpanOf(datum)});
  for (;;) {
    Open& top = open.back();
    if (top.rest.is_pair()) {
      const Value item = top.rest.car();
      if (item.is_pair()) {
        open.push_back({item, ListBuilder(heap_), SpanOf(item)});
        continue;
      }
      top.copy.Add(Plain(item), CarSpan(top.rest));
      if (!top.rest.cdr().is_pair() && !top.rest.cdr().is_nil()) {
        top.copy.SetTail(Plain(top.rest.cdr()), TailSpan(top.rest));
      }
      top.rest = top.rest.cdr();
      continue;
    }
    const Value copy = top.copy.Finish(top.span);
    open.pop_back();
    if (open.empty()) return copy;
    Open& parent = open.back();
    parent.copy.Add(copy, CarSpan(parent.rest));
    if (!parent.rest.cdr().is_pair() && !parent.rest.cdr().is_nil()) {
      parent.copy.SetTail(Plain(parent.rest.cdr()), TailSpan(parent.rest));
    }
    parent.rest = parent.rest.cdr();
  }
}

bool Analyzer::Clauses(Node& node, Value clauses, Scope* scope, absl::string_view form) {
  for (; clauses.is_pair(); clauses = clauses.cdr()) {
    const Value clause = clauses.car();
    const std::optional<size_t> length = ListLength(clause);
    if (!clause.is_pair() || !length) {
      return Fail(Known(CarSpan(clauses), node.span),
                  absl::StrCat(form, ": clause must be a list"));
    }
    node.kids.push_back(Is(clause.car(), else_) ? Constant(node, Value::Bool(true))
                                                : Child(node, clause, scope));
    Node* body = Begin(node, clause.cdr(), scope);
    if (clause.cdr().is_pair() && Is(clause.cdr().car(), arrow_)) {
      if (*length != 3) {
        return Fail(Known(CarSpan(clauses), node.span),
                    absl::StrCat(form, ": expected (test => procedure)"));
      }
      body->kids.erase(body->kids.begin());
      body->op = Op::kArrow;
    }
    node.kids.push_back(body);
  }
  return true;
}

bool Analyzer::Quote(Node& node, Value rest, size_t count) {
  if (count != 1) return Fail(node.span, "quote: expected 1 argument");
  node.datum = node.macro_use == nullptr ? rest.car() : Plain(rest.car());
  node.op = Op::kConstant;
  return true;
}

bool Analyzer::Quasiquote(Node& node, Value rest, size_t count) {
  if (count != 1) return Fail(node.span, "quasiquote: expected 1 argument");
  const Span span = Known(CarSpan(rest), node.span);
  const auto note = [&](Value expression, Span at) {
    node.kids.push_back(NewNode(node, expression, at, node.scope));
    return Value::Nil();
  };
  if (!FillTemplate(heap_, quasiquote_, rest.car(), span, note, *problem_)) return false;
  node.datum = node.macro_use == nullptr ? rest.car() : Plain(rest.car());
  node.op = node.kids.empty() ? Op::kConstant : Op::kQuasiquote;
  return true;
}

bool Analyzer::If(Node& node, Value rest, size_t count) {
  if (count != 2 && count != 3) return Fail(node.span, "if: expected 2 or 3 arguments");
  AddKids(node, rest, node.scope);
  if (count == 2) node.kids.push_back(Constant(node, Value::Nil()));
  node.op = Op::kIf;
  return true;
}

bool Analyzer::Cond(Node& node, Value rest, size_t) {
  if (!Clauses(node, rest, node.scope, "cond")) return false;
  node.op = Op::kCond;
  return true;
}

bool Analyzer::When(Node& node, Value rest, size_t count) {
  if (count == 0) return Fail(node.span, "when: expected a condition");
  AddKids(node, rest, node.scope);
  node.op = Op::kWhen;
  return true;
}

bool Analyzer::Unless(Node& node, Value rest, size_t count) {
  if (count == 0) return Fail(node.span, "unless: expected a condition");
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
  if (count == 0) return Fail(node.span, "define: expected name");
  const Value target = rest.car();
  const Span at = Known(CarSpan(rest), node.span);
  const std::optional<Symbol*> name = Name(target.is_pair() ? target.car() : target, true);
  if (!name) return Fail(at, "define: expected name");
  if (target.is_pair()) {
    Formals formals;
    if (!ParseFormals(target.cdr(), Known(TailSpan(target), at), "define", formals)) return false;
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
  if (count != 2) return Fail(node.span, "set!: expected name and value");
  if (!rest.car().is_symbol()) {
    return Fail(Known(CarSpan(rest), node.span), "set!: expected name");
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
  if (count == 0) return Fail(node.span, "lambda: expected parameter list");
  Formals formals;
  if (!ParseFormals(rest.car(), Known(CarSpan(rest), node.span), "lambda", formals)) return false;
  const Node* lambda = Lambda(node, formals, rest.cdr(), node.scope);
  node.rest = lambda->rest;
  node.params = lambda->params;
  node.inner = lambda->inner;
  node.kids = lambda->kids;
  node.op = Op::kLambda;
  return true;
}

bool Analyzer::Let(Node& node, Value rest, size_t count) {
  if (count == 0) return Fail(node.span, "let: expected binding list");
  if (rest.car().is_symbol()) return NamedLet(node, rest, count);
  std::vector<Symbol*> names;
  std::vector<Value> values;
  if (!ParseBindings(node, rest.car(), "let", names, values)) return false;
  node.params = static_cast<uint32_t>(names.size());
  for (Value value : values) node.kids.push_back(Child(node, value, node.scope));
  node.inner = NewScope(node.scope, std::move(names));
  Foresee(*node.inner, rest.cdr());
  AddKids(node, rest.cdr(), node.inner);
  node.op = Op::kLet;
  return true;
}

bool Analyzer::NamedLet(Node& node, Value rest, size_t count) {
  if (count < 2) return Fail(node.span, "let: expected binding list");
  Formals formals;
  std::vector<Value> values;
  if (!ParseBindings(node, rest.cdr().car(), "let", formals.names, values)) return false;
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
  if (count == 0) return Fail(node.span, "let*: expected binding list");
  std::vector<Symbol*> names;
  std::vector<Value> values;
  if (!ParseBindings(node, rest.car(), "let*", names, values)) return false;
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
  if (count == 0) return Fail(node.span, "letrec: expected binding list");
  std::vector<Symbol*> names;
  std::vector<Value> values;
  if (!ParseBindings(node, rest.car(), "letrec", names, values)) return false;
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
  if (count < 2) return Fail(node.span, "do: expected bindings and a test");
  std::vector<Symbol*> names;
  std::vector<Value> bindings;
  Value list = rest.car();
  for (; list.is_pair(); list = list.cdr()) {
    const std::optional<size_t> length = ListLength(list.car());
    if ((length != 2 && length != 3) || !list.car().car().is_symbol()) {
      return Fail(Known(CarSpan(list), node.span),
                  "do: binding must have name, value and maybe a step");
    }
    names.push_back(list.car().car().symbol());
    bindings.push_back(list.car());
  }
  const Value clause = rest.cdr().car();
  if (!list.is_nil()) return Fail(Known(CarSpan(rest), node.span), "do: expected binding list");
  if (!clause.is_pair() || !ListLength(clause)) {
    return Fail(Known(CarSpan(rest.cdr()), node.span), "do: expected (test result...)");
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
    return Fail(count == 0 ? node.span : Known(CarSpan(rest), node.span),
                "guard: expected (variable clause...)");
  }
  const Value header = rest.car();
  node.inner = NewScope(node.scope, {&caught_, header.car().symbol()});
  node.kids.push_back(Begin(node, rest.cdr(), node.scope));
  Node* clauses = NewNode(node, Value::Nil(), node.span, node.inner);
  if (!Clauses(*clauses, header.cdr(), node.inner, "guard")) return false;
  clauses->op = Op::kGuardClauses;
  node.kids.push_back(clauses);
  node.op = Op::kGuard;
  return true;
}

bool Analyzer::Defmacro(Node& node, Value rest, size_t count) {
  if (count == 0 || !rest.car().is_symbol()) {
    return Fail(count == 0 ? node.span : Known(CarSpan(rest), node.span),
                "defmacro: expected name");
  }
  if (count < 2) return Fail(node.span, "defmacro: expected parameter list");
  Formals formals;
  if (!ParseFormals(rest.cdr().car(), Known(CarSpan(rest.cdr()), node.span), "defmacro", formals)) {
    return false;
  }
  node.kids.push_back(Lambda(node, formals, rest.cdr().cdr(), node.scope));
  node.name = rest.car().symbol();
  node.op = Op::kDefmacro;
  return true;
}

}  // namespace pelagos::reml
