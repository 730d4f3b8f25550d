// The evaluator's loop. Registers: `node` is evaluated in `frame`; or `value` is given to what
// waits for it. Whatever must survive a collection is on a stack or in a register at `eval`.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/machine.h"

namespace pelagos::reml {

std::optional<Value> Machine::Run(Node* node, Frame* frame) {
  Value value;
  size_t base = 0, index = 0, end = 0;
  EvalResult result = Value();
  waiting_.push_back({});
  if (node == nullptr) {
    node = host_call_;
    now_.direct = false;
    now_.spans.clear();
    goto apply;
  }

eval:
  if (heap_.due() && !Collect(node, frame)) goto fail;
  if (!Charge(1)) {
    FailFatally(node, "too many steps");
    goto fail;
  }
  switch (node->op) {
    case Op::kPending:
      if (!Analyze(*node)) goto fail;
      goto eval;
    case Op::kConstant:
    case Op::kLocal:
    case Op::kGlobal:
      if (TryQuick(node, frame, value) != Quick::kDone) goto fail;
      goto done;
    case Op::kCall:
      base = values_.size();
      index = 0;
      end = node->kids.size();
      goto operands;
    case Op::kIf:
      if (!Push(Wait::kIf, node, frame, 0, 0)) goto fail;
      node = node->kids[0];
      goto eval;
    case Op::kWhen:
    case Op::kUnless:
      if (!Push(Wait::kWhen, node, frame, 0, 0)) goto fail;
      node = node->kids[0];
      goto eval;
    case Op::kCond:
    case Op::kGuardClauses:
      index = 0;
      goto clause;
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
      if (node->op == Op::kNamedLet) values_.push_back(Value::Unbound());  // the procedure
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
    switch (TryQuick(node->kids[index], frame, value)) {
      case Quick::kFailed:
        goto fail;
      case Quick::kNo:
        if (!Push(Wait::kOperand, node, frame, base, index, end)) goto fail;
        node = node->kids[index];
        goto eval;
      case Quick::kDone:
        break;
    }
  operand_done:
    values_.push_back(value);
    if (index == 0 && node->op == Op::kCall && value.is_macro()) goto expand;
    ++index;
  }
  switch (node->op) {
    case Op::kCall:
      now_.direct = true;
      goto apply;
    case Op::kQuasiquote: {
      const std::optional<Value> filled = FillQuasiquote(*node, base);
      if (!filled) goto fail;
      value = *filled;
      values_.resize(base);
      goto done;
    }
    case Op::kNamedLet: {
      Frame* loop = Frame::Make(heap_, frame, node->inner->names.size());
      value = Value::Of(heap_.New<ClosureObject>(0, node->kids[node->params], loop));
      loop->slots[0] = value;
      values_[base] = value;
      now_.direct = false;
      now_.spans.clear();
      goto apply;
    }
    default: {  // kLet; kDo with its initial values or with those of its steps
      Frame* parent = index > node->params ? frame->parent : frame;
      frame = Frame::Make(heap_, parent, node->inner->names.size());
      std::copy(values_.begin() + static_cast<ptrdiff_t>(base), values_.end(), frame->slots);
      values_.resize(base);
      if (node->op == Op::kDo) goto do_test;
      index = node->params;
      goto sequence;
    }
  }

sequence:  // evaluates the kids from `index` on; the last one in tail position
  if (index >= node->kids.size()) {
    value = Value::Nil();
    goto done;
  }
  if (index + 1 < node->kids.size() && !Push(Wait::kSequence, node, frame, 0, index)) goto fail;
  node = node->kids[index];
  goto eval;

clause:
  if (index < node->kids.size()) {
    if (!Push(Wait::kClause, node, frame, 0, index)) goto fail;
    node = node->kids[index];
    goto eval;
  }
  if (node->op == Op::kGuardClauses) {
    RaiseAgain(*frame);
    goto fail;
  }
  value = Value::Nil();
  goto done;

junction:
  if (index + 1 < node->kids.size() && !Push(Wait::kJunction, node, frame, 0, index)) goto fail;
  node = node->kids[index];
  goto eval;

do_test:
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
    values_.resize(base);
    node = node->expansion;
    goto eval;
  }
  if (macro->native != nullptr) {
    const std::optional<Value> expansion = ExpandNative(*node, *macro, frame);
    if (!expansion) goto fail;
    if (!Expand(node, values_[base], *expansion)) goto fail;
    values_.resize(base);
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
  const Value procedure = values_[base];
  const size_t count = values_.size() - base - 1;
  if (!procedure.is_procedure()) {
    const Node* at = now_.direct ? node->kids[0] : node;
    FailAt(at, absl::StrCat("not a procedure: ", procedure.type_name()));
    goto fail;
  }
  if (procedure.object()->kind == Kind::kClosure) {
    const auto& closure = static_cast<const ClosureObject&>(*procedure.object());
    frame = Bind(node, closure, base);
    if (frame == nullptr) goto fail;
    values_.resize(base);
    Continuation& waiting = waiting_.back();
    if (waiting.first_call == nullptr) waiting.first_call = node;
    waiting.last_call = node;
    node = closure.lambda;
    index = 0;
    goto sequence;
  }
  now_.node = node;
  now_.builtin = static_cast<const BuiltinObject*>(procedure.object());
  if (!CheckArity(*now_.builtin, count)) goto fail;
  result = now_.builtin->Call(*this, absl::MakeConstSpan(values_.data() + base + 1, count));
}

answer:  // of the builtin in now_, called by `node`, whose values lie at `base`
  if (result.ok()) {
    values_.resize(base);
    value = result.value();
    goto done;
  }
  if (result.failed()) goto fail;
  if (request_.program != nullptr) {
    values_.resize(base);
    node = std::exchange(request_.program, nullptr);
    frame = nullptr;
    goto eval;
  }
  if (!SetRequest(node, base)) goto fail;
  if (heap_.due() && !Collect(node, nullptr)) goto fail;
  if (!Charge(1)) {
    FailFatally(node, "too many steps");
    goto fail;
  }
  goto apply;

done : {  // `value` is there: give it to what waits for it
  Continuation k = waiting_.back();
  waiting_.pop_back();
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
      if (value.is_true() == (node->op == Op::kWhen)) {
        index = 1;
        goto sequence;
      }
      value = Value::Nil();
      goto done;
    case Wait::kClause:
      if (value.is_true()) {
        node = node->kids[index + 1];
        goto eval;
      }
      index += 2;
      goto clause;
    case Wait::kJunction:
      if (value.is_true() == (node->op == Op::kOr)) goto done;
      ++index;
      goto junction;
    case Wait::kSequence:
      ++index;
      goto sequence;
    case Wait::kDefine:
      DefineVariable(node->scope, frame, node->name, value);
      value = Value::Nil();
      goto done;
    case Wait::kSet:
      if (Value* place = Place(*node->kids[1], frame)) {
        *place = value;
        value = Value::Nil();
        goto done;
      }
      FailUnbound(*node->kids[1], "set!: ");
      goto fail;
    case Wait::kLetStar:
      frame = Frame::Make(heap_, frame, node->scopes[index]->names.size());
      frame->slots[0] = value;
      if (++index >= node->params) goto sequence;
      if (!Push(Wait::kLetStar, node, frame, 0, index)) goto fail;
      node = node->kids[index];
      goto eval;
    case Wait::kLetrec:
      frame->slots[index] = value;
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
      values_.resize(base);
      if (!Expand(node, macro, value)) goto fail;
      node = node->expansion;
      goto eval;
    }
    case Wait::kResume:
      now_.node = node;
      now_.builtin = k.builtin;
      now_.direct = false;
      now_.spans.clear();
      result = k.resume(*this, absl::MakeSpan(values_.data() + base, index), value);
      goto answer;
  }
}

fail:
  AddTrace(node);
  if (!Unwind(node, frame)) return std::nullopt;
  goto eval;
}

Machine::Quick Machine::TryQuick(Node* kid, Frame* frame, Value& value) {
  for (;;) {
    switch (kid->op) {
      case Op::kPending:
        if (!Analyze(*kid)) return Quick::kFailed;
        continue;
      case Op::kConstant:
        value = kid->datum;
        return Quick::kDone;
      case Op::kLocal:
      case Op::kGlobal:
        if (const Value* place = Place(*kid, frame)) {
          value = *place;
          return Quick::kDone;
        }
        FailUnbound(*kid);
        return Quick::kFailed;
      default:
        return Quick::kNo;
    }
  }
}

bool Machine::Push(Wait wait, Node* node, Frame* frame, size_t base, size_t index, size_t end) {
  // An argument list counts too: a deep recursion of long calls is as bad.
  constexpr size_t kValuesPerCall = 16;
  if (waiting_.size() >= limits_.depth || values_.size() / kValuesPerCall >= limits_.depth) {
    FailAt(node, "recursion too deep");
    return false;
  }
  Continuation k;
  k.wait = wait;
  k.base = static_cast<uint32_t>(base);
  k.index = static_cast<uint32_t>(index);
  k.end = static_cast<uint32_t>(end);
  k.node = node;
  k.frame = frame;
  waiting_.push_back(k);
  return true;
}

Value* Machine::Place(Node& variable, Frame* frame) {
  if (variable.epoch != analyzer_.epoch()) analyzer_.Resolve(variable);
  if (variable.op == Op::kGlobal) {
    return variable.name->global.is_unbound() ? nullptr : &variable.name->global;
  }
  for (uint32_t i = variable.depth; i != 0; --i) frame = frame->parent;
  if (variable.index < frame->size && !frame->slots[variable.index].is_unbound()) {
    return &frame->slots[variable.index];
  }
  return PlaceSlowly(variable, frame);
}

// Puts what the builtin asked for on the stacks; `base` is then that of the new call.
bool Machine::SetRequest(Node* node, size_t& base) {
  values_.resize(base);
  if (request_.resume != nullptr) {
    if (!Push(Wait::kResume, node, nullptr, base, request_.locals.size())) return false;
    waiting_.back().builtin = now_.builtin;
    waiting_.back().resume = request_.resume;
    values_.insert(values_.end(), request_.locals.begin(), request_.locals.end());
    base = values_.size();
  }
  values_.push_back(request_.procedure);
  values_.insert(values_.end(), request_.args.begin(), request_.args.end());
  now_.direct = false;
  now_.spans.swap(request_.spans);
  return true;
}

}  // namespace pelagos::reml
