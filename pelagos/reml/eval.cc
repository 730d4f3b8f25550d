// The evaluator's loop. Registers: `node` is evaluated in `frame`; or `value` is given to what
// waits for it. Whatever must survive a collection is on a stack or in a register at a safe point:
// before a call, and before each round of a do.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/machine.h"
#include "pelagos/reml/quick.h"

namespace pelagos::reml {

std::optional<Value> Machine::Run(Node* node, Frame* frame) {
  Value value;
  size_t base = 0, index = 0, end = 0;
  EvalResult result = Value();
  waiting_.Push({});
  if (node == nullptr) {
    node = host_call_;
    now_.direct = false;
    now_.spans.clear();
    goto apply;
  }

eval:
  switch (node->op) {
    case Op::kPending:
      if (!Analyze(*node)) goto fail;
      goto eval;
    case Op::kConstant:
      value = node->datum;
      goto done;
    case Op::kArgument:
    case Op::kLocal:
    case Op::kGlobal:
      if (Quick(node, frame, value) != Got::kValue) goto fail;
      goto done;
    case Op::kPrimitive:
      switch (QuickPrimitive(node, frame, value)) {
        case Got::kValue:
          goto done;
        case Got::kFailed:
          goto fail;
        case Got::kNothing:
          break;
      }
      base = values_.size();
      index = 0;
      end = node->kids.size();
      goto operands;
    case Op::kCall:
      if (!node->slow && BecomePrimitive(*node)) goto eval;
      base = values_.size();
      index = 0;
      end = node->kids.size();
      goto operands;
    case Op::kIf:
    case Op::kWhen:
    case Op::kUnless:
      switch (Quick(node->kids[0], frame, value)) {
        case Got::kValue:
          if (node->op == Op::kIf) {
            node = node->kids[value.is_true() ? 1 : 2];
            goto eval;
          }
          goto when;
        case Got::kFailed:
          goto fail;
        case Got::kNothing:
          break;
      }
      if (!Push(node->op == Op::kIf ? Wait::kIf : Wait::kWhen, node, frame, 0, 0)) goto fail;
      node = node->kids[0];
      goto eval;
    case Op::kCond:
    case Op::kGuardClauses:
      index = 0;
      goto clause;
    case Op::kArrow:  // reached only through a clause
      node = node->kids[0];
      goto eval;
    case Op::kAnd:
    case Op::kOr:
      value = Value::Bool(node->op == Op::kAnd);
      if (node->kids.empty()) goto done;
      index = 0;
      goto junction;
    case Op::kBegin:
      index = 0;
      goto sequence;
    case Op::kDefine:
      if (!Push(Wait::kDefine, node, frame, 0, 0)) goto fail;
      node = node->kids[0];
      goto eval;
    case Op::kSet:
      switch (Quick(node->kids[0], frame, value)) {
        case Got::kValue:
          goto set;
        case Got::kFailed:
          goto fail;
        case Got::kNothing:
          break;
      }
      if (!Push(Wait::kSet, node, frame, 0, 0)) goto fail;
      node = node->kids[0];
      goto eval;
    case Op::kLambda:
      value = Value::Of(heap_.New<ClosureObject>(0, node, frame));
      goto done;
    case Op::kDefmacro:
      DefineVariable(node->scope, frame, node->name,
                     Value::Of(heap_.New<MacroObject>(0, node->name, node->kids[0], frame)));
      value = Value::Nil();
      goto done;
    case Op::kNamedLet:
    case Op::kLet:
    case Op::kDo:
      base = values_.size();
      if (node->op == Op::kNamedLet) values_.Push(Value::Unbound());  // the procedure
      index = 0;
      end = node->params;
      goto operands;
    case Op::kQuasiquote:
      base = values_.size();
      index = 0;
      end = node->kids.size();
      goto operands;
    case Op::kLetrec:
      frame = Frame::Make(heap_, frame, node->inner->names.size());
      index = 0;
      if (node->params == 0) goto sequence;
      if (!Push(Wait::kLetrec, node, frame, 0, 0)) goto fail;
      node = node->kids[0];
      goto eval;
    case Op::kLetStar:
      if (!Push(Wait::kLetStar, node, frame, 0, 0)) goto fail;
      node = node->kids[0];
      goto eval;
    case Op::kGuard:
      if (!Push(Wait::kGuard, node, frame, values_.size(), 0)) goto fail;
      node = node->kids[0];
      goto eval;
  }

operands:  // evaluates the kids from `index` to `end` and pushes their values
  while (index < end) {
    switch (Quick(node->kids[index], frame, value)) {
      case Got::kFailed:
        goto fail;
      case Got::kNothing:
        if (!Push(Wait::kOperand, node, frame, base, index, end)) goto fail;
        node = node->kids[index];
        goto eval;
      case Got::kValue:
        break;
    }
  operand_done:
    values_.Push(value);
    if (index == 0 && node->op == Op::kCall && value.is_macro()) goto expand;
    ++index;
  }
  switch (node->op) {
    case Op::kPrimitive:
      if (ComputeStacked(*node, base, value)) {
        values_.CutTo(base);
        goto done;
      }
      [[fallthrough]];
    case Op::kCall:
      now_.direct = true;
      goto apply;
    case Op::kQuasiquote: {
      const std::optional<Value> filled = FillQuasiquote(*node, base);
      if (!filled) goto fail;
      value = *filled;
      values_.CutTo(base);
      goto done;
    }
    case Op::kNamedLet: {
      Frame* loop = Frame::Make(heap_, frame, node->inner->names.size());
      value = Value::Of(heap_.New<ClosureObject>(0, node->kids[node->params], loop));
      loop->slots()[0] = value;
      values_[base] = value;
      now_.direct = false;
      now_.spans.clear();
      goto apply;
    }
    default: {  // kLet; kDo with its initial values or with those of its steps
      Frame* parent = index > node->params ? frame->parent : frame;
      frame = Frame::Make(heap_, parent, node->inner->names.size());
      std::copy(values_.begin() + base, values_.end(), frame->slots());
      values_.CutTo(base);
      if (node->op == Op::kDo) goto do_test;
      index = node->params;
      goto sequence;
    }
  }

sequence:  // evaluates the kids from `index` on; the last one in tail position
  if (index + 1 < node->kids.size()) {
    if (!Push(Wait::kSequence, node, frame, 0, index)) goto fail;
  } else if (index >= node->kids.size()) {
    value = Value::Nil();
    goto done;
  }
  node = node->kids[index];
  goto eval;

when:
  if (value.is_true() == (node->op == Op::kWhen)) {
    index = 1;
    goto sequence;
  }
  value = Value::Nil();
  goto done;

clause:
  while (index < node->kids.size()) {
    switch (Quick(node->kids[index], frame, value)) {
      case Got::kFailed:
        goto fail;
      case Got::kNothing:
        if (!Push(Wait::kClause, node, frame, 0, index)) goto fail;
        node = node->kids[index];
        goto eval;
      case Got::kValue:
        break;
    }
  clause_done:
    if (value.is_true()) {
      node = node->kids[index + 1];
      if (node->op != Op::kArrow) goto eval;
      base = values_.size();
      values_.Push(value);
      if (!Push(Wait::kArrow, node, frame, base, 0)) goto fail;
      node = node->kids[0];
      goto eval;
    }
    index += 2;
  }
  if (node->op == Op::kGuardClauses) {
    RaiseAgain(*frame);
    goto fail;
  }
  value = Value::Nil();
  goto done;

junction:
  while (index + 1 < node->kids.size()) {
    switch (Quick(node->kids[index], frame, value)) {
      case Got::kFailed:
        goto fail;
      case Got::kNothing:
        if (!Push(Wait::kJunction, node, frame, 0, index)) goto fail;
        node = node->kids[index];
        goto eval;
      case Got::kValue:
        break;
    }
  junction_done:
    if (value.is_true() == (node->op == Op::kOr)) goto done;
    ++index;
  }
  node = node->kids[index];
  goto eval;

set:
  if (Value* place = Place(*node->kids[1], frame)) {
    *place = value;
    value = Value::Nil();
    goto done;
  }
  FailUnbound(*node->kids[1], "set!: ");
  goto fail;

do_test:
  if (!SafePoint(node, frame)) goto fail;
  index = 2 * node->params;
  if (!Push(Wait::kDoTest, node, frame, 0, index)) goto fail;
  node = node->kids[index];
  goto eval;

do_body:
  if (index < node->kids.size()) {
    if (!Push(Wait::kDoBody, node, frame, 0, index)) goto fail;
    node = node->kids[index];
    goto eval;
  }
  if (node->params == 0) {
    frame = Frame::Make(heap_, frame->parent, node->inner->names.size());
    goto do_test;
  }
  base = values_.size();
  index = node->params;
  end = 2 * node->params;
  goto operands;

expand : {  // values_[base] is a macro; `node` is its use
  const auto* macro = static_cast<const MacroObject*>(values_[base].object());
  if (node->expansion != nullptr && node->expanded_by == values_[base]) {
    values_.CutTo(base);
    node = node->expansion;
    goto eval;
  }
  if (!SafePoint(node, frame)) goto fail;
  if (macro->native != nullptr) {
    const std::optional<Value> expansion = ExpandNative(*node, *macro, frame);
    if (!expansion || !Expand(node, values_[base], *expansion)) goto fail;
    values_.CutTo(base);
    node = node->expansion;
    goto eval;
  }
  Frame* arguments = BindMacro(node, *macro);
  if (arguments == nullptr || !Push(Wait::kExpand, node, frame, base, 0)) goto fail;
  frame = arguments;
  node = macro->lambda;
  index = 0;
  goto sequence;
}

apply : {  // values_[base] to the values after it; `node` is the call
  if (!SafePoint(node, frame)) goto fail;
  const Value procedure = values_[base];
  const size_t count = values_.size() - base - 1;
  if (procedure.is_closure()) {
    const auto& closure = static_cast<const ClosureObject&>(*procedure.object());
    const Node& lambda = LambdaOf(closure);
    if (count == lambda.params && !lambda.rest) {
      frame = Frame::Make(heap_, closure.frame, lambda.inner->names.size());
      std::copy_n(values_.begin() + base + 1, count, frame->slots());
    } else {
      frame = Bind(node, closure, base);
      if (frame == nullptr) goto fail;
    }
    values_.CutTo(base);
    Continuation& waiting = waiting_.back();
    if (waiting.first_call == nullptr) waiting.first_call = node;
    waiting.last_call = node;
    node = &LambdaOf(closure);
    index = 0;
    goto sequence;
  }
  if (!procedure.is_procedure()) {
    const Node* at = now_.direct ? node->kids[0] : node;
    FailAt(at, absl::StrCat("not a procedure: ", procedure.type_name()));
    goto fail;
  }
  now_.node = node;
  now_.builtin = static_cast<const BuiltinObject*>(procedure.object());
  if (!CheckArity(*now_.builtin, count)) goto fail;
  result = now_.builtin->Call(*this, absl::MakeConstSpan(values_.begin() + base + 1, count));
}

answer:  // of the builtin in now_, called by `node`, whose values lie at `base`
  if (result.ok()) {
    values_.CutTo(base);
    value = result.value();
    goto done;
  }
  if (result.failed()) goto fail;
  if (request_.program != nullptr) {
    values_.CutTo(base);
    node = std::exchange(request_.program, nullptr);
    frame = nullptr;
    goto eval;
  }
  if (!SetRequest(node, base)) goto fail;
  goto apply;

done : {  // `value` is there: give it to what waits for it
  const Continuation& k = waiting_.Pop();
  node = k.node;
  frame = k.frame;
  base = k.base;
  index = k.index;
  switch (k.wait) {
    case Wait::kDone:
      return value;
    case Wait::kOperand:
      end = k.end;
      goto operand_done;
    case Wait::kIf:
      node = node->kids[value.is_true() ? 1 : 2];
      goto eval;
    case Wait::kWhen:
      goto when;
    case Wait::kClause:
      goto clause_done;
    case Wait::kArrow:
      values_.Push(std::exchange(values_[base], value));
      now_.direct = false;
      now_.spans.clear();
      goto apply;
    case Wait::kJunction:
      goto junction_done;
    case Wait::kSequence:
      ++index;
      goto sequence;
    case Wait::kDefine:
      NameLambda(value, node->name);
      DefineVariable(node->scope, frame, node->name, value);
      value = Value::Nil();
      goto done;
    case Wait::kSet:
      goto set;
    case Wait::kLetStar:
      frame = Frame::Make(heap_, frame, node->scopes[index]->names.size());
      frame->slots()[0] = value;
      if (++index >= node->params) goto sequence;
      if (!Push(Wait::kLetStar, node, frame, 0, index)) goto fail;
      node = node->kids[index];
      goto eval;
    case Wait::kLetrec:
      frame->slots()[index] = value;
      if (++index >= node->params) goto sequence;
      if (!Push(Wait::kLetrec, node, frame, 0, index)) goto fail;
      node = node->kids[index];
      goto eval;
    case Wait::kDoTest:
      if (value.is_true()) {
        node = node->kids[index + 1];
        goto eval;
      }
      index += 2;
      goto do_body;
    case Wait::kDoBody:
      ++index;
      goto do_body;
    case Wait::kGuard:
      goto done;
    case Wait::kExpand: {
      const Value macro = values_[base];
      values_.CutTo(base);
      if (!Expand(node, macro, value)) goto fail;
      node = node->expansion;
      goto eval;
    }
    case Wait::kResume:
      now_.node = node;
      now_.builtin = k.builtin;
      frame = nullptr;
      now_.direct = false;
      now_.spans.clear();
      result = k.resume(*this, absl::MakeSpan(values_.begin() + base, index), value);
      goto answer;
    case Wait::kHandler:
    case Wait::kEscape:
      values_.CutTo(base);
      goto done;
    case Wait::kCleanup:
      values_.Push(std::exchange(values_[base], value));
      waiting_.Push(Waiting(Wait::kCleaned, base, node));
      ++base;
      now_.direct = false;
      now_.spans.clear();
      goto apply;
    case Wait::kCleaned:
      value = values_[base];
      values_.CutTo(base);
      goto done;
    case Wait::kCleanedUp:
    case Wait::kHandling:
      if (!FailAgain(k)) goto done;
      goto fail;
  }
}

fail:
  AddTrace(node);
  switch (Unwind(node, frame, value, base)) {
    case Way::kOut:
      return std::nullopt;
    case Way::kEval:
      goto eval;
    case Way::kApply:
      now_.direct = false;
      now_.spans.clear();
      goto apply;
    case Way::kDone:
      break;
  }
  goto done;
}

}  // namespace pelagos::reml
