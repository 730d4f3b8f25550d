#include "pelagos/reml/machine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/quick.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/values.h"

namespace pelagos::reml {
namespace {

EvalResult Continue(CallContext& ctx, absl::Span<const Value> args) {
  return ctx.Escape(static_cast<uint64_t>(ctx.captures()[0].as_int()),
                    MultipleValues(ctx.heap(), args));
}
constexpr Builtin kContinuation = {"continuation", "value:any... -> any", Continue};

}  // namespace

// One more evaluator loop, with stacks of its own; the one that it interrupts, if any, waits.
class Machine::Entered {
 public:
  explicit Entered(Machine& machine) : machine_(machine), saved_(machine.limits_.depth) {
    if (machine.suspended_.empty()) {
      machine.steps_left_ = 0;
      machine.steps_later_ = machine.limits_.steps;
      machine.interrupted_.store(false, std::memory_order_relaxed);
    }
    machine.values_.swap(saved_.values);
    machine.waiting_.swap(saved_.waiting);
    std::swap(machine.now_, saved_.now);
    machine.suspended_.push_back(&saved_);
  }
  ~Entered() {
    machine_.suspended_.pop_back();
    machine_.values_.swap(saved_.values);
    machine_.waiting_.swap(saved_.waiting);
    std::swap(machine_.now_, saved_.now);
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  Machine& machine_;
  Activity saved_;
};

Machine::Machine(SourceMap& sources, Limits limits, Host host)
    : sources_(sources),
      limits_(limits),
      host_(std::move(host)),
      heap_(limits.bytes),
      analyzer_(heap_),
      host_call_(heap_.New<Node>(0, Value(), Span(), nullptr, nullptr)),
      waiting_(limits.depth) {
  host_call_->op = Op::kCall;
}

void Machine::DefineBuiltin(const Builtin& row, BuiltinClosure closure) {
  heap_.SetGlobal(heap_.Intern(row.name).symbol(),
                  Value::Of(heap_.New<BuiltinObject>(0, row, std::move(closure))));
}

void Machine::DefineTable(absl::Span<const Builtin> rows) {
  for (const Builtin& row : rows) {
    heap_.SetGlobal(heap_.Intern(row.name).symbol(),
                    Value::Of(heap_.New<BuiltinObject>(0, row, BuiltinObject::kStaticRow)));
  }
}

void Machine::FindPrimitives() {
  for (const PrimitiveRow& row : PrimitiveRows()) {
    const Value value = heap_.Intern(row.name).symbol()->global;
    if (value.is_builtin()) static_cast<BuiltinObject*>(value.object())->primitive = row.primitive;
  }
}

Value Machine::NewProcedure(const Builtin& row, absl::Span<const Value> captures) {
  return Value::Of(
      heap_.New<BuiltinObject>(sizeof(BuiltinObject::Own) + captures.size() * sizeof(Value), row,
                               nullptr, std::vector<Value>(captures.begin(), captures.end())));
}

void Machine::DefineMacro(absl::string_view name, NativeMacro macro) {
  Symbol* symbol = heap_.Intern(name).symbol();
  heap_.SetGlobal(symbol, Value::Of(heap_.New<MacroObject>(0, symbol, macro)));
}

void Machine::LoadStandardLibrary(uint32_t source) {
  stdlib_ = source;
  Diagnostics diagnostics;
  Evaluate(Whole(source), diagnostics);
  startup_ = std::move(diagnostics);
}

std::optional<Value> Machine::Evaluate(Span part, Diagnostics& diagnostics) {
  diagnostics.Append(startup_);
  if (!startup_.ok()) return std::nullopt;
  Node* program = ReadProgram(part, diagnostics);
  if (program == nullptr) return std::nullopt;
  return Outcome(Enter(program, Value(), {}), diagnostics);
}

// The node that evaluates the forms of a part in order; nullptr when it does not read.
Node* Machine::ReadProgram(Span part, Diagnostics& diagnostics) {
  const std::optional<std::vector<Datum>> data = Read(heap_, sources_, part, diagnostics);
  if (!data) return nullptr;
  const Span whole = {part.source, part.begin, part.begin};
  Node* program = heap_.New<Node>(data->size() * sizeof(Node*), Value(), whole, nullptr, nullptr);
  program->op = Op::kBegin;
  for (const Datum& datum : *data) {
    program->kids.push_back(heap_.New<Node>(0, datum.value, datum.span, nullptr, nullptr));
  }
  return program;
}

std::optional<Value> Machine::CallFromHost(Value procedure, absl::Span<const Value> args,
                                           Diagnostics& diagnostics) {
  return Outcome(Enter(nullptr, procedure, args), diagnostics);
}

std::optional<Value> Machine::Outcome(std::optional<Value> value, Diagnostics& diagnostics) {
  if (!value) diagnostics.Append(std::exchange(failure_, std::nullopt)->diagnostics);
  return value;
}

std::optional<Value> Machine::Enter(Node* node, Value procedure, absl::Span<const Value> args) {
  Entered entered(*this);
  if (node == nullptr) {
    values_.Push(procedure);
    values_.Append(args.data(), args.size());
  }
  return Run(node, nullptr);
}

EvalResult Machine::Call(Value procedure, absl::Span<const Value> args) {
  constexpr size_t kDeepest = 16;
  if (suspended_.size() >= kDeepest) {
    return Error(CallSpan(), absl::StrCat(name(), ": recursion too deep"));
  }
  const std::optional<Value> value = Enter(nullptr, procedure, args);
  if (!value) return Failed();
  return *value;
}

EvalResult Machine::TailCall(Value procedure, absl::Span<const Value> args,
                             absl::Span<const Span> spans) {
  return CallThen(procedure, args, {}, nullptr, spans);
}

EvalResult Machine::CallThen(Value procedure, absl::Span<const Value> args,
                             absl::Span<const Value> locals, ResumeFunction resume,
                             absl::Span<const Span> spans) {
  request_.procedure = procedure;
  request_.args.assign(args.begin(), args.end());
  request_.spans.assign(spans.begin(), spans.end());
  request_.locals.assign(locals.begin(), locals.end());
  request_.wait = resume == nullptr ? Wait::kDone : Wait::kResume;
  request_.resume = resume;
  return Calling();
}

EvalResult Machine::CallWithCleanup(Value procedure, absl::Span<const Value> args, Value cleanup) {
  TailCall(procedure, args, {});
  request_.locals = {cleanup};
  request_.wait = Wait::kCleanup;
  return Calling();
}

EvalResult Machine::CallWithHandler(Value procedure, Value handler) {
  TailCall(procedure, {}, {});
  request_.locals = {handler};
  request_.wait = Wait::kHandler;
  return Calling();
}

EvalResult Machine::CallWithEscape(Value procedure) {
  const uint64_t number = ++escapes_;
  const Value mark = Value::Fixnum(static_cast<int64_t>(number));
  TailCall(procedure, {NewProcedure(kContinuation, {mark})}, {});
  request_.locals = {mark};
  request_.wait = Wait::kEscape;
  return Calling();
}

bool Machine::Accepts(Value procedure, size_t count) const {
  if (procedure.is_closure()) {
    const Node& lambda = LambdaOf(procedure);
    return count == lambda.params || (count > lambda.params && lambda.rest);
  }
  if (!procedure.is_builtin()) return false;
  const Arity arity = static_cast<const BuiltinObject&>(*procedure.object()).arity;
  return count >= static_cast<size_t>(arity.least) &&
         (arity.most == Arity::kAny || count <= static_cast<size_t>(arity.most));
}

// Puts what the builtin asked for on the stacks; `base` is then that of the new call.
bool Machine::SetRequest(Node* node, size_t& base) {
  values_.CutTo(base);
  if (request_.wait != Wait::kDone) {
    if (!Push(request_.wait, node, nullptr, base, request_.locals.size())) return false;
    if (request_.wait == Wait::kResume) {
      waiting_.back().builtin = now_.builtin;
      waiting_.back().resume = request_.resume;
    }
    values_.Append(request_.locals.data(), request_.locals.size());
    base = values_.size();
  }
  values_.Push(request_.procedure);
  values_.Append(request_.args.data(), request_.args.size());
  now_.direct = false;
  now_.spans.swap(request_.spans);
  return true;
}

Diagnostics Machine::Traced(Diagnostics diagnostics) {
  std::optional<Failure> outer = std::exchange(failure_, std::nullopt);
  Fail(std::move(diagnostics));
  AddTrace(now_.node);
  Diagnostics traced = std::move(failure_->diagnostics);
  failure_ = std::move(outer);
  return traced;
}

EvalResult Machine::EvaluateSource(uint32_t source) {
  Diagnostics diagnostics;
  request_.program = ReadProgram(Whole(source), diagnostics);
  if (request_.program == nullptr) return Fail(std::move(diagnostics));
  return Calling();
}

Span Machine::ArgSpan(size_t index) const {
  if (now_.direct) {
    if (index + 1 < now_.node->kids.size()) return Visible(now_.node->kids[index + 1]);
  } else if (index < now_.spans.size() && !IsInternal(now_.spans[index])) {
    return now_.spans[index];
  }
  return CallSpan();
}

bool Machine::Charge(uint64_t steps) {
  const bool interrupted = interrupted_.load(std::memory_order_relaxed);
  if ((steps_left_ < steps || interrupted) && !MoreSteps(steps)) return false;
  steps_left_ -= steps;
  return true;
}

// Makes steps_left_ at least `needed`. false: there are not so many, or somebody wants to stop.
bool Machine::MoreSteps(uint64_t needed) {
  constexpr uint64_t kRound = 1024;  // some microseconds
  const uint64_t all = steps_left_ + steps_later_;
  const bool more = all >= needed && !interrupted_.load(std::memory_order_relaxed);
  steps_left_ = more ? std::min(all, std::max(needed, kRound)) : 0;
  steps_later_ = more ? all - steps_left_ : 0;
  return more;
}

void Machine::FailOutOfSteps(const Node* node) {
  const bool interrupted = interrupted_.load(std::memory_order_relaxed);
  FailFatally(node, interrupted ? "interrupted" : "too many steps");
}

void Machine::FailTooDeep(const Node* node) { FailAt(node, "recursion too deep"); }

bool Machine::Collect(Node* node, Frame* frame) {
  const bool enough = heap_.Collect([&](Marker& marker) {
    marker.Mark(node);
    marker.Mark(frame);
    marker.Mark(host_call_);
    if (failure_ && !failure_->payload.is_unbound()) marker.Mark(failure_->payload);
    for (const Activity* activity : suspended_) {
      TraceStacks(marker, activity->values, activity->waiting, activity->now);
    }
    TraceStacks(marker, values_, waiting_, now_);
  });
  if (!enough) {
    FailFatally(node, "out of memory", absl::StrCat("a program may use ", limits_.bytes, " bytes"));
  }
  return enough;
}

void Machine::TraceStacks(Marker& marker, const Stack<Value>& values,
                          const Stack<Continuation>& waiting, const Now& now) {
  for (Value value : values) marker.Mark(value);
  for (const Continuation& k : waiting) {
    marker.Mark(k.node);
    if (k.wait == Wait::kResume) {
      marker.Mark(k.builtin);
    } else {
      marker.Mark(k.frame);
    }
    marker.Mark(k.first_call);
    marker.Mark(k.last_call);
  }
  marker.Mark(now.node);
  marker.Mark(now.builtin);
}

}  // namespace pelagos::reml
