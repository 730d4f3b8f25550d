// Where failures and escapes go: to guards, to handlers, to the continuations of call/cc; and what
// is cleaned up on the way.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/machine.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {

// A failure as a value: what a guard may raise again as it was, and a cleanup lets go on.
class Machine::Caught final : public Foreign {
 public:
  explicit Caught(Failure failure) : failure_(std::move(failure)) {}
  absl::string_view type_name() const override { return "error"; }
  void Print(std::string* out) const override { out->append("#<error>"); }
  void Trace(Marker& marker) const override { marker.Mark(failure_.payload); }
  const Failure& failure() const { return failure_; }

 private:
  const Failure failure_;
};

Value Machine::Keep(Failure failure) {
  size_t bytes = sizeof(Caught);
  for (const Diagnostic& diagnostic : failure.diagnostics.list()) {
    bytes += sizeof(Diagnostic) + diagnostic.message.size() + diagnostic.hint.size();
  }
  return heap_.NewForeign(std::make_unique<Caught>(std::move(failure)), bytes);
}

// What the program sees of the failure.
Value Machine::Payload() {
  if (failure_->payload.is_unbound()) {
    std::string message;
    for (const Diagnostic& diagnostic : failure_->diagnostics.list()) {
      if (diagnostic.severity != Severity::kError) continue;
      message = diagnostic.message;
      break;
    }
    const Value text = heap_.String(message);
    failure_->payload = Value::Of(heap_.New<ErrorObject>(0, text, text, Value::Nil()));
  }
  return failure_->payload;
}

// The continuation below number `from` that takes the failure.
std::optional<size_t> Machine::FindTaker(size_t from) const {
  for (size_t i = from; i-- > 0;) {
    const Continuation& k = waiting_[i];
    if (failure_->escape != 0) {
      if (k.wait == Wait::kEscape &&
          static_cast<uint64_t>(values_[k.base].as_int()) == failure_->escape) {
        return i;
      }
      continue;
    }
    if (k.wait == Wait::kGuard || k.wait == Wait::kHandler) return i;
    // A handler runs under the handlers around it.
    if (k.wait == Wait::kHandling) i = k.index;
  }
  return std::nullopt;
}

Machine::Way Machine::Unwind(Node*& node, Frame*& frame, Value& value, size_t& base) {
  if (failure_->fatal) return Way::kOut;
  const size_t from = failure_->search_below.value_or(waiting_.size());
  failure_->search_below.reset();
  const std::optional<size_t> taker = FindTaker(from);
  if (!Charge((waiting_.size() - taker.value_or(0)) / 16)) {
    FailOutOfSteps(node);
    return Way::kOut;
  }
  frame = nullptr;
  if (taker && waiting_[*taker].wait == Wait::kHandler) {
    // The handler is called on top of what failed.
    const Value handler = values_[waiting_[*taker].base];
    const Value payload = Payload();
    if (failure_->continuable) values_.CutTo(base);
    const size_t kept = values_.size();
    values_.Push(Keep(*std::exchange(failure_, std::nullopt)));
    waiting_.Push(Waiting(Wait::kHandling, kept, node));
    waiting_.back().index = static_cast<uint32_t>(*taker);
    base = values_.size();
    values_.Push(handler);
    values_.Push(payload);
    return Way::kApply;
  }
  // What is left behind is cleaned up, innermost first.
  for (size_t i = waiting_.size(); i > taker.value_or(0); --i) {
    const Continuation k = waiting_[i - 1];
    if (k.wait != Wait::kCleanup) continue;
    waiting_.CutTo(i - 1);
    values_.CutTo(k.base + 1);
    const Value cleanup =
        std::exchange(values_[k.base], Keep(*std::exchange(failure_, std::nullopt)));
    waiting_.Push(Waiting(Wait::kCleanedUp, k.base, k.node));
    node = k.node;
    base = values_.size();
    values_.Push(cleanup);
    return Way::kApply;
  }
  if (!taker) return Way::kOut;
  const Continuation k = waiting_[*taker];
  waiting_.CutTo(*taker);
  values_.CutTo(k.base);
  if (k.wait == Wait::kEscape) {
    value = failure_->payload;
    failure_.reset();
    return Way::kDone;
  }
  const Value payload = Payload();
  frame = Frame::Make(heap_, k.frame, k.node->inner->names.size());
  frame->slots()[0] = Keep(*std::exchange(failure_, std::nullopt));
  frame->slots()[1] = payload;
  node = k.node->kids[1];
  return Way::kEval;
}

bool Machine::FailAgain(const Continuation& k) {
  const size_t handler = k.index;
  const bool handled = k.wait == Wait::kHandling;
  Failure failure = values_[k.base].foreign<Caught>()->failure();
  values_.CutTo(k.base);
  if (handled && failure.continuable) return false;
  // The handler of an error is not asked twice.
  if (handled) failure.search_below = handler;
  failure_ = std::move(failure);
  return true;
}

void Machine::RaiseAgain(const Frame& guard) {
  failure_ = guard.slots()[0].foreign<Caught>()->failure();
}

EvalResult Machine::Raise(Value payload, bool continuable) {
  Diagnostics diagnostics;
  std::string message;
  if (payload.is_error()) {
    message = std::string(payload.text());
  } else {
    constexpr size_t kMostText = 1000;
    message = "raised: ";
    WriteTo(payload, &message, kMostText);
  }
  diagnostics.Error(CallSpan(), std::move(message));
  const EvalResult failed = Fail(std::move(diagnostics));
  failure_->payload = payload;
  failure_->continuable = continuable;
  return failed;
}

EvalResult Machine::Escape(uint64_t escape, Value value) {
  const auto has = [&](const Stack<Value>& values, const Stack<Continuation>& waiting) {
    for (const Continuation* k = waiting.end(); k-- != waiting.begin();) {
      if (k->wait == Wait::kEscape && static_cast<uint64_t>(values[k->base].as_int()) == escape) {
        return true;
      }
    }
    return false;
  };
  bool found = has(values_, waiting_);
  for (const Activity* activity : suspended_) found |= has(activity->values, activity->waiting);
  if (!found) {
    return Error(CallSpan(), "call/cc: the call of this continuation has returned",
                 "continuations can only be left to, not entered again");
  }
  failure_.emplace();
  failure_->escape = escape;
  failure_->payload = value;
  return Failed();
}

}  // namespace pelagos::reml
