// Variables and arguments of the evaluator.
#include <algorithm>

#include "pelagos/reml/machine.h"
#include "pelagos/reml/primitive.h"

namespace pelagos::reml {

bool Machine::Analyze(Node& node) {
  Diagnostic problem;
  if (analyzer_.Analyze(node, problem)) return true;
  FailWith(&node, problem);
  return false;
}

// Turns the call of a builtin that has a primitive into one. Otherwise it is marked, so that it is
// asked once.
bool Machine::BecomePrimitive(Node& call) {
  call.slow = true;
  Node& head = *call.kids[0];
  if (!head.datum.is_symbol()) return false;
  Diagnostic none;  // a symbol is always good
  if (head.op == Op::kPending && !analyzer_.Analyze(head, none)) return false;
  if (head.op != Op::kGlobal) return false;
  const Value value = head.global->global;
  if (!value.is_builtin()) return false;
  const Primitive primitive = static_cast<const BuiltinObject*>(value.object())->primitive;
  if (primitive == Primitive::kNone || ArgumentsOf(primitive) + 1 != call.kids.size()) return false;
  call.slow = false;
  call.op = Op::kPrimitive;
  call.primitive = primitive;
  call.expanded_by = value;
  return true;
}

// The operator and its operands lie at `base`.
bool Machine::ComputeStacked(const Node& node, size_t base, Value& value) {
  if (!(values_[base] == node.expanded_by)) return false;
  if (node.primitive >= Primitive::kCar) return Compute(node.primitive, values_[base + 1], value);
  if (node.primitive == Primitive::kCons) {
    value = PrimitiveCons(node, values_[base + 1], values_[base + 2]);
    return true;
  }
  return Compute(heap_, node.primitive, values_[base + 1], values_[base + 2], value);
}

Value Machine::PrimitiveCons(const Node& node, Value car, Value cdr) {
  SpannedPair* pair = heap_.NewPair(car, cdr, Visible(node.kids[1]), Visible(&node));
  if (!cdr.is_pair() && !cdr.is_nil()) pair->tail_span = Visible(node.kids[2]);
  return Value::Of(pair);
}

// The body of the scope defines the name, but has not done so yet: until then an outer variable is
// meant. A parameter without a value (letrec) is no such case.
Value* Machine::PlaceSlowly(const Node& variable, Frame* frame) {
  NameWalk walk(variable.name);
  const Scope* scope = variable.scope;
  for (uint32_t i = variable.depth; i != 0; --i) {
    walk.In(scope);
    scope = scope->parent;
  }
  walk.In(scope);
  if (Value* place = frame->Find(variable.index); place != nullptr && !place->is_unbound()) {
    return place;
  }
  if (variable.index < scope->fixed) return nullptr;
  for (scope = scope->parent, frame = frame->parent; scope != nullptr;
       scope = scope->parent, frame = frame->parent) {
    const auto it = std::find(scope->names.rbegin(), scope->names.rend(), walk.In(scope));
    if (it == scope->names.rend()) continue;
    const size_t slot = static_cast<size_t>(scope->names.rend() - it - 1);
    Value* place = frame->Find(slot);
    if (place != nullptr && !place->is_unbound()) return place;
    if (slot < scope->fixed) return nullptr;
  }
  Value& global = walk.Global()->global;
  return global.is_unbound() ? nullptr : &global;
}

void Machine::DefineVariable(Scope* scope, Frame* frame, Symbol* name, Value value) {
  if (scope == nullptr) {
    heap_.SetGlobal(NameWalk(name).Global(), value);
    return;
  }
  const uint32_t slot = analyzer_.Declare(*scope, name);
  Value* place = frame->Find(slot);
  if (place == nullptr) {
    frame->Resize(heap_, scope->names.size());
    place = frame->Find(slot);
  }
  *place = value;
}

// A lambda is known by the first name that it is defined under.
void Machine::NameLambda(Value value, Symbol* name) {
  if (!value.is_closure()) return;
  Node& lambda = LambdaOf(value);
  if (lambda.name == nullptr) lambda.name = name;
}

// A call whose arguments are not just the parameters.
Frame* Machine::Bind(const Node* call, const ClosureObject& closure, size_t base) {
  const Node& lambda = LambdaOf(closure);
  const size_t count = values_.size() - base - 1;
  if (count < lambda.params || (count > lambda.params && !lambda.rest)) {
    FailArity(call, lambda, lambda.name == nullptr ? "" : lambda.name->name, count);
    return nullptr;
  }
  Frame* frame = Frame::Make(heap_, closure.frame, lambda.inner->names.size());
  std::copy_n(values_.begin() + base + 1, lambda.params, frame->slots());
  if (lambda.rest) {
    now_.node = call;
    ListBuilder rest(heap_);
    for (size_t i = lambda.params; i < count; ++i) rest.Add(values_[base + 1 + i], ArgSpan(i));
    frame->slots()[lambda.params] = rest.Finish(CallSpan());
  }
  return frame;
}

}  // namespace pelagos::reml
