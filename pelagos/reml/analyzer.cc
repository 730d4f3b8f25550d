#include "pelagos/reml/analyzer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/list.h"

namespace pelagos::reml {
Analyzer::Analyzer(Heap& heap)
    : heap_(heap),
      quasiquote_(heap),
      quote_(heap.Intern("quote").symbol()),
      else_(heap.Intern("else").symbol()),
      arrow_(heap.Intern("=>").symbol()),
      define_(heap.Intern("define").symbol()) {
  uint8_t number = 0;
  for (const Form& form : SpecialForms()) heap.Intern(form.name).symbol()->special_form = ++number;
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
  if (!length) {
    return Fail(node.span, "cannot evaluate dotted list as expression",
                "a call is a list without a dot");
  }
  if (datum.car().is_symbol() && IsSpecialForm(datum.car().symbol())) {
    node.kids.clear();
    node.scopes.clear();
    const SpecialForm form = FormOf(datum.car().symbol());
    form_ = &FormOf(form);
    if (!(this->*FunctionOf(form))(node, datum.cdr(), *length - 1)) return false;
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

Span Analyzer::Known(Span span, Span otherwise) { return span.known() ? span : otherwise; }

bool Analyzer::Fail(Span span, std::string message, std::string hint) {
  *problem_ = {Severity::kError, span, std::move(message), std::move(hint)};
  return false;
}

bool Analyzer::FailShape(Span span, absl::string_view problem, size_t way) {
  return Fail(span, absl::StrCat(form_->name, ": ", problem), UsageHint(*form_, way));
}

bool Analyzer::FailName(Value datum, Span span, absl::string_view problem, size_t way) {
  if (!IsQuoted(datum)) return FailShape(span, problem, way);
  return Fail(span, absl::StrCat(form_->name, ": ", problem), "a name is not quoted here");
}

bool Analyzer::IsQuoted(Value datum) const {
  return datum.is_pair() && Is(datum.car(), quote_) && SpanOf(datum).known() &&
         SpanOf(datum).begin == CarSpan(datum).begin;
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

}  // namespace pelagos::reml
