// Variables and arguments of the evaluator.
#include <algorithm>

#include "pelagos/reml/machine.h"

namespace pelagos::reml {

bool Machine::Analyze(Node& node) {
  Diagnostic problem;
  if (analyzer_.Analyze(node, problem)) return true;
  FailWith(&node, problem);
  return false;
}

// The body of the scope defines the name, but has not done so yet: until then an outer variable is
// meant. A parameter without a value (letrec) is no such case.
Value* Machine::PlaceSlowly(const Node& variable, Frame* frame) {
  const Scope* scope = variable.scope;
  for (uint32_t i = variable.depth; i != 0; --i) scope = scope->parent;
  if (variable.index < scope->fixed) return nullptr;
  for (scope = scope->parent, frame = frame->parent; scope != nullptr;
       scope = scope->parent, frame = frame->parent) {
    const auto it = std::find(scope->names.rbegin(), scope->names.rend(), variable.name);
    if (it == scope->names.rend()) continue;
    const size_t slot = static_cast<size_t>(scope->names.rend() - it - 1);
    if (slot < frame->size && !frame->slots[slot].is_unbound()) return &frame->slots[slot];
    if (slot < scope->fixed) return nullptr;
  }
  return variable.name->global.is_unbound() ? nullptr : &variable.name->global;
}

void Machine::DefineVariable(Scope* scope, Frame* frame, Symbol* name, Value value) {
  if (scope == nullptr) {
    heap_.SetGlobal(name, value);
    return;
  }
  const uint32_t slot = analyzer_.Declare(*scope, name);
  if (slot >= frame->size) frame->Resize(heap_, scope->names.size());
  frame->slots[slot] = value;
}

Frame* Machine::Bind(const Node* call, const ClosureObject& closure, size_t base) {
  const Node& lambda = *closure.lambda;
  const size_t count = values_.size() - base - 1;
  if (count < lambda.params || (count > lambda.params && !lambda.rest)) {
    FailArity(call, lambda.params, lambda.rest, count);
    return nullptr;
  }
  Frame* frame = Frame::Make(heap_, closure.frame, lambda.inner->names.size());
  std::copy_n(values_.begin() + static_cast<ptrdiff_t>(base) + 1, lambda.params, frame->slots);
  if (lambda.rest) {
    now_.node = call;
    ListBuilder rest(heap_);
    for (size_t i = lambda.params; i < count; ++i) rest.Add(values_[base + 1 + i], ArgSpan(i));
    frame->slots[lambda.params] = rest.Finish(CallSpan());
  }
  return frame;
}

}  // namespace pelagos::reml
