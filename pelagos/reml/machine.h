// The evaluator behind Interpreter: values, what waits for them, and what went wrong.
//
// User nesting is never host recursion: whatever waits for a value is a Continuation on a stack.
// eval.cc has the loop, binding.cc and expand.cc its parts, machine.cc the calls from and to C++,
// failure.cc the errors, unwind.cc where they go.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/analyzer.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/limits.h"
#include "pelagos/reml/stack.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// Why an evaluation failed, or where it goes instead.
struct Failure {
  Diagnostics diagnostics;
  bool fatal = false;        // no guard catches it
  bool traced = false;       // has its notes
  bool continuable = false;  // a handler's value is that of the call
  // What a guard sees: what (raise X) was given, or an ErrorObject. Unbound: made when needed.
  Value payload = Value::Unbound();
  std::optional<size_t> search_below;  // a handler has had it: only those below this one
  uint64_t escape = 0;  // not 0: an escape with `payload` to the continuation of this number
};

class Machine final : public CallContext {
 public:
  Machine(SourceMap& sources, Limits limits, Host host);

  void DefineBuiltin(const Builtin& row, BuiltinClosure closure = nullptr);
  // Requires: the rows are static.
  void DefineTable(absl::Span<const Builtin> rows);
  // To be called when the builtins of all programs are defined: the evaluator does some itself.
  void FindPrimitives();
  void DefineMacro(absl::string_view name, NativeMacro macro);
  // Evaluates the standard library. No error will point into it. When it fails, because the limits
  // are too small for it, so does every program.
  void LoadStandardLibrary(uint32_t source);

  // The forms of a source that begin in `part` of it.
  std::optional<Value> Evaluate(Span part, Diagnostics& diagnostics);
  std::optional<Value> CallFromHost(Value procedure, absl::Span<const Value> args,
                                    Diagnostics& diagnostics);

  // Makes what is being evaluated fail with "interrupted". Any thread and any signal handler may
  // call it.
  void Interrupt() { interrupted_.store(true, std::memory_order_relaxed); }

  Heap& heap() override { return heap_; }
  const Host& host() const override { return host_; }
  absl::string_view name() const override { return now_.builtin->row.name; }
  absl::Span<const Value> captures() const override { return now_.builtin->captures(); }
  Value NewProcedure(const Builtin& row, absl::Span<const Value> captures) override;
  Span CallSpan() const override { return Visible(now_.node); }
  Span ArgSpan(size_t index) const override;
  EvalResult Fail(Diagnostics diagnostics) override;
  bool Guarded() const override;
  Diagnostics Traced(Diagnostics diagnostics) override;
  bool Charge(uint64_t steps) override;
  EvalResult OutOfSteps() override;
  EvalResult OutOfMemory() override;
  EvalResult Raise(Value payload, bool continuable) override;
  EvalResult TailCall(Value procedure, absl::Span<const Value> args,
                      absl::Span<const Span> spans) override;
  EvalResult CallThen(Value procedure, absl::Span<const Value> args, absl::Span<const Value> locals,
                      ResumeFunction resume, absl::Span<const Span> spans) override;
  EvalResult CallWithCleanup(Value procedure, absl::Span<const Value> args, Value cleanup) override;
  EvalResult CallWithHandler(Value procedure, Value handler) override;
  EvalResult CallWithEscape(Value procedure) override;
  EvalResult Escape(uint64_t escape, Value value) override;
  bool Accepts(Value procedure, size_t count) const override;
  EvalResult EvaluateSource(uint32_t source) override;
  SourceMap& sources() override { return sources_; }
  EvalResult Call(Value procedure, absl::Span<const Value> args) override;

 private:
  // What a continuation does with the value that it waits for.
  enum class Wait : uint8_t {
    kDone,
    kOperand,  // push it, go on with the kids up to `end`
    kIf,
    kWhen,
    kClause,
    kArrow,  // it is a procedure: call it with values[base]
    kJunction,
    kSequence,
    kDefine,
    kSet,
    kLetStar,
    kLetrec,
    kDoTest,
    kDoBody,
    kGuard,
    kExpand,     // it is the expansion of the macro at values[base]
    kResume,     // give it to `resume` of `builtin`, whose `index` locals begin at values[base]
    kCleanup,    // call values[base], then give it on
    kCleaned,    // drop it and give values[base] on
    kCleanedUp,  // drop it and fail again as values[base] says
    kHandler,    // the handler at values[base] is installed below this
    kHandling,   // the handler of continuation `index` returned; values[base] has the failure
    kEscape,     // the escape number values[base] leads here
  };
  struct Continuation {
    Wait wait = Wait::kDone;
    uint32_t base = 0;   // height of the value stack
    uint32_t index = 0;  // of the kid that is being evaluated
    uint32_t end = 0;
    Node* node = nullptr;
    union {
      Frame* frame = nullptr;
      const BuiltinObject* builtin;  // kResume
    };
    ResumeFunction resume = nullptr;
    // The first and the last call of a closure made for this value, for the trace.
    const Node* first_call = nullptr;
    const Node* last_call = nullptr;
  };
  static Continuation Waiting(Wait wait, size_t base, Node* node) {
    Continuation k;
    k.wait = wait;
    k.base = static_cast<uint32_t>(base);
    k.node = node;
    return k;
  }
  // The call of a builtin that is going on.
  struct Now {
    const Node* node = nullptr;
    const BuiltinObject* builtin = nullptr;
    bool direct = false;      // the arguments are the node's kids; else `spans` are theirs
    std::vector<Span> spans;  // may be shorter
  };
  // One evaluator loop; another one can begin while a builtin of it runs.
  struct Activity {
    explicit Activity(size_t depth) : waiting(depth) {}
    Stack<Value> values;
    Stack<Continuation> waiting;
    Now now;
  };
  // The call that a builtin asked for.
  struct Request {
    Value procedure;
    std::vector<Value> args;
    std::vector<Span> spans;
    std::vector<Value> locals;
    Wait wait = Wait::kDone;  // what waits for the call's value; kDone: nothing
    ResumeFunction resume = nullptr;
    Node* program = nullptr;  // instead of all these: evaluate this
  };
  class Caught;
  class Entered;
  enum class Got : uint8_t { kValue, kFailed, kNothing };

  // eval.cc. The loop: evaluates `node`; or, without one, applies values_[0] to the values after
  // it. nullopt: failure_ says why.
  std::optional<Value> Run(Node* node, Frame* frame);
  Got Quick(Node* kid, Frame* frame, Value& value);
  Got QuickPrimitive(Node* kid, Frame* frame, Value& value);
  bool Push(Wait wait, Node* node, Frame* frame, size_t base, size_t index, size_t end = 0);
  Value* Place(Node& variable, Frame* frame);
  bool SafePoint(Node* node, Frame* frame);

  // binding.cc
  bool Analyze(Node& node);
  bool BecomePrimitive(Node& call);
  bool ComputeStacked(const Node& node, size_t base, Value& value);
  Value PrimitiveCons(const Node& node, Value car, Value cdr);
  Value* PlaceSlowly(const Node& variable, Frame* frame);
  void DefineVariable(Scope* scope, Frame* frame, Symbol* name, Value value);
  static void NameLambda(Value value, Symbol* name);
  Frame* Bind(const Node* call, const ClosureObject& closure, size_t base);

  // expand.cc
  Frame* BindMacro(const Node* use, const MacroObject& macro);
  bool Expand(Node* use, Value macro, Value expansion);
  std::optional<Value> ExpandNative(const Node& use, const MacroObject& macro, Frame* frame);
  Span SpanOfMacroArgument(const Node& variable) const;
  std::optional<Value> FillQuasiquote(const Node& node, size_t base);

  // machine.cc
  bool Collect(Node* node, Frame* frame);
  bool SetRequest(Node* node, size_t& base);
  bool MoreSteps(uint64_t needed);
  Node* ReadProgram(Span part, Diagnostics& diagnostics);
  static void TraceStacks(Marker& marker, const Stack<Value>& values,
                          const Stack<Continuation>& waiting, const Now& now);
  std::optional<Value> Enter(Node* node, Value procedure, absl::Span<const Value> args);
  std::optional<Value> Outcome(std::optional<Value> value, Diagnostics& diagnostics);

  // failure.cc
  Span Visible(const Node* node) const;
  bool IsInternal(Span span) const { return !span.known() || span.source == stdlib_; }
  void FailAt(const Node* node, std::string message, std::string hint = "");
  void FailFatally(const Node* node, std::string message, std::string hint = "");
  void FailUnbound(const Node& variable, absl::string_view prefix = "");
  void FailArity(const Node* call, const Node& lambda, absl::string_view name, size_t got);
  void FailTooDeep(const Node* node);
  void FailOutOfSteps(const Node* node);
  bool CheckArity(const BuiltinObject& builtin, size_t got);
  void AddTrace(const Node* node);
  // Where a later problem of `node` is reported: at its own place when that is known.
  void FailWith(const Node* node, const Diagnostic& problem);

  // unwind.cc
  enum class Way : uint8_t { kOut, kEval, kApply, kDone };
  // Cuts the stacks back to whatever takes the failure, and sets the loop's registers for it.
  Way Unwind(Node*& node, Frame*& frame, Value& value, size_t& base);
  std::optional<size_t> FindTaker(size_t from) const;
  Value Payload();
  Value Keep(Failure failure);
  // The cleanup or handler that was waited for has returned. Whether to fail again.
  bool FailAgain(const Continuation& k);
  void RaiseAgain(const Frame& guard);

  SourceMap& sources_;
  const Limits limits_;
  const Host host_;
  Heap heap_;
  Analyzer analyzer_;
  Node* const host_call_;  // stands for a call that C++ makes
  uint32_t stdlib_ = Span::kNowhere;
  Diagnostics startup_;  // of the standard library
  // Steps until MoreSteps looks whether to stop, and those after it.
  uint64_t steps_left_ = 0;
  uint64_t steps_later_ = 0;
  std::atomic<bool> interrupted_ = false;
  uint32_t quick_depth_ = 0;  // of Quick's own recursion
  uint64_t escapes_ = 0;      // how many there were

  Stack<Value> values_;
  Stack<Continuation> waiting_;
  Now now_;
  std::vector<Activity*> suspended_;  // the loops that wait for this one, outermost first
  Request request_;
  std::optional<Failure> failure_;
};

}  // namespace pelagos::reml
