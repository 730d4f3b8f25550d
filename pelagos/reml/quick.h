// What the evaluator does most, inline in its loop: the second half of eval.cc.
#pragma once

#include "absl/base/attributes.h"
#include "pelagos/reml/machine.h"
#include "pelagos/reml/primitive.h"

namespace pelagos::reml {

// The value of what needs no stack: constants, variables, and primitives of those.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Machine::Got Machine::Quick(Node* kid, Frame* frame,
                                                                Value& value) {
  for (;;) {
    switch (kid->op) {
      case Op::kPending:
        if (!Analyze(*kid)) return Got::kFailed;
        continue;
      case Op::kConstant:
        value = kid->datum;
        return Got::kValue;
      case Op::kArgument:
        if (kid->epoch == analyzer_.epoch()) {
          for (uint32_t i = kid->depth; i != 0; --i) frame = frame->parent;
          value = frame->slots()[kid->index];
          return Got::kValue;
        }
        [[fallthrough]];
      case Op::kLocal:
      case Op::kGlobal:
        if (const Value* place = Place(*kid, frame)) {
          value = *place;
          return Got::kValue;
        }
        FailUnbound(*kid);
        return Got::kFailed;
      case Op::kPrimitive:
        return QuickPrimitive(kid, frame, value);
      default:
        return Got::kNothing;
    }
  }
}

inline Machine::Got Machine::QuickPrimitive(Node* kid, Frame* frame, Value& value) {
  constexpr uint32_t kDeepest = 16;
  if (kid->slow) return Got::kNothing;
  Node& head = *kid->kids[0];
  if (head.epoch != analyzer_.epoch()) analyzer_.Resolve(head);
  if (head.op != Op::kGlobal || !(head.global->global == kid->expanded_by)) {
    // Redefined since: an ordinary call from now on.
    kid->op = Op::kCall;
    kid->slow = true;
    return Got::kNothing;
  }
  if (quick_depth_ >= kDeepest) return Got::kNothing;
  Value operands[2];
  ++quick_depth_;
  for (size_t i = 1; i < kid->kids.size(); ++i) {
    const Got got = Quick(kid->kids[i], frame, operands[i - 1]);
    if (got == Got::kValue) continue;
    --quick_depth_;
    const Node& operand = *kid->kids[i];
    const bool may_become_quick =
        (operand.op == Op::kCall || operand.op == Op::kPrimitive) && !operand.slow;
    if (got == Got::kNothing && !may_become_quick) kid->slow = true;
    return got;
  }
  --quick_depth_;
  if (kid->primitive >= Primitive::kCar) {
    return Compute(kid->primitive, operands[0], value) ? Got::kValue : Got::kNothing;
  }
  if (kid->primitive == Primitive::kCons) {
    value = PrimitiveCons(*kid, operands[0], operands[1]);
    return Got::kValue;
  }
  return Compute(heap_, kid->primitive, operands[0], operands[1], value) ? Got::kValue
                                                                         : Got::kNothing;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool Machine::SafePoint(Node* node, Frame* frame) {
  if (heap_.due() && !Collect(node, frame)) return false;
  if (steps_left_ == 0 && !MoreSteps(1)) {
    FailOutOfSteps(node);
    return false;
  }
  --steps_left_;
  return true;
}

inline Value* Machine::Place(Node& variable, Frame* frame) {
  if (variable.epoch != analyzer_.epoch()) analyzer_.Resolve(variable);
  if (variable.op == Op::kGlobal) {
    Value& global = variable.global->global;
    return global.is_unbound() ? nullptr : &global;
  }
  for (uint32_t i = variable.depth; i != 0; --i) frame = frame->parent;
  if (variable.index < frame->size && !frame->slots()[variable.index].is_unbound()) {
    return &frame->slots()[variable.index];
  }
  return PlaceSlowly(variable, frame);
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool Machine::Push(Wait wait, Node* node, Frame* frame,
                                                       size_t base, size_t index, size_t end) {
  // An argument list counts too: a deep recursion of long calls is as bad.
  constexpr size_t kValuesPerCall = 16;
  if (values_.size() / kValuesPerCall < limits_.depth) {
    if (Continuation* k = waiting_.TryExtend()) {
      k->wait = wait;
      k->base = static_cast<uint32_t>(base);
      k->index = static_cast<uint32_t>(index);
      k->end = static_cast<uint32_t>(end);
      k->node = node;
      k->frame = frame;
      k->first_call = nullptr;
      k->last_call = nullptr;
      return true;
    }
  }
  FailTooDeep(node);
  return false;
}

}  // namespace pelagos::reml
