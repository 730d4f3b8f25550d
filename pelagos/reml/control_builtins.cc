// Several values, leaving early, parameters and promises (R7RS 4.2.5, 4.2.6 and 6.10).
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/control.h"
#include "pelagos/reml/equality.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/values.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

EvalResult Values(CallContext& ctx, Args args) { return MultipleValues(ctx.heap(), args); }

EvalResult GiveEach(CallContext& ctx, absl::Span<Value> locals, Value result) {
  return ctx.TailCall(locals[0], EachValue(result));
}

EvalResult CallWithValues(CallContext& ctx, Args args) {
  for (size_t i = 0; i < 2; ++i) {
    if (!args[i].is_procedure()) return ctx.TypeError(i, "procedure", args[i]);
  }
  return ctx.CallThen(args[0], {}, {args[1]}, GiveEach);
}

EvalResult CallCc(CallContext& ctx, Args args) {
  if (!args[0].is_procedure()) return ctx.TypeError(0, "procedure", args[0]);
  return ctx.CallWithEscape(args[0]);
}

EvalResult CallBetween(CallContext& ctx, absl::Span<Value> locals, Value) {
  return ctx.CallWithCleanup(locals[0], {}, locals[1]);
}

EvalResult DynamicWind(CallContext& ctx, Args args) {
  for (size_t i = 0; i < 3; ++i) {
    if (!args[i].is_procedure()) return ctx.TypeError(i, "procedure", args[i]);
  }
  return ctx.CallThen(args[0], {}, {args[1], args[2]}, CallBetween);
}

// What a parameter holds now; the procedure of the parameter has it as its capture.
class ParameterCell final : public Foreign {
 public:
  ParameterCell(Value value, Value converter) : value_(value), converter_(converter) {}
  absl::string_view type_name() const override { return "parameter"; }
  void Print(std::string* out) const override { out->append("#<parameter>"); }
  void Trace(Marker& marker) const override {
    marker.Mark(value_);
    marker.Mark(converter_);
  }
  Value value() const { return value_; }
  Value converter() const { return converter_; }  // () for none
  void set_value(Value value) const { value_ = value; }

 private:
  mutable Value value_;
  const Value converter_;
};

EvalResult ReadParameter(CallContext& ctx, Args) {
  return ctx.captures()[0].foreign<ParameterCell>()->value();
}
constexpr Builtin kParameter = {"parameter", " -> any", ReadParameter};

EvalResult NewParameter(CallContext& ctx, Value value, Value converter) {
  return ctx.NewProcedure(
      kParameter, {ctx.heap().NewForeign(std::make_unique<ParameterCell>(value, converter))});
}

EvalResult FinishParameter(CallContext& ctx, absl::Span<Value> locals, Value converted) {
  return NewParameter(ctx, converted, locals[0]);
}

EvalResult MakeParameter(CallContext& ctx, Args args) {
  if (args.size() == 1) return NewParameter(ctx, args[0], Value::Nil());
  if (!args[1].is_procedure()) return ctx.TypeError(1, "procedure", args[1]);
  return ctx.CallThen(args[1], {args[0]}, {args[1]}, FinishParameter);
}

// The cell of a parameter; () for anything else.
Value CellOf(Value parameter) {
  if (!parameter.is_builtin()) return Value::Nil();
  const auto captures = static_cast<const BuiltinObject*>(parameter.object())->captures();
  return captures.size() == 1 ? captures[0] : Value::Nil();
}

// Parameters and values alternate; the cleanup puts the old values back.
EvalResult Restore(CallContext& ctx, Args) {
  const Args pairs = ctx.captures();
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    pairs[i].foreign<ParameterCell>()->set_value(pairs[i + 1]);
  }
  return Value::Nil();
}
constexpr Builtin kRestore = {"parameterize", " -> nil", Restore};

EvalResult Enter(CallContext& ctx, Value thunk, Args pairs) {
  std::vector<Value> old;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto* cell = pairs[i].foreign<ParameterCell>();
    old.push_back(pairs[i]);
    old.push_back(cell->value());
  }
  const Value restore = ctx.NewProcedure(kRestore, old);
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    pairs[i].foreign<ParameterCell>()->set_value(pairs[i + 1]);
  }
  return ctx.CallWithCleanup(thunk, {}, restore);
}

// Locals: the thunk, the number of values that are converted, cells and values in turn.
EvalResult ConvertFrom(CallContext& ctx, std::vector<Value> locals);

EvalResult Converted(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const auto done = static_cast<size_t>(locals[1].as_int());
  locals[2 + 2 * done + 1] = result;
  locals[1] = Value::Fixnum(static_cast<int64_t>(done + 1));
  return ConvertFrom(ctx, {locals.begin(), locals.end()});
}

EvalResult ConvertFrom(CallContext& ctx, std::vector<Value> locals) {
  for (auto i = static_cast<size_t>(locals[1].as_int()); 2 + 2 * i < locals.size(); ++i) {
    const Value converter = locals[2 + 2 * i].foreign<ParameterCell>()->converter();
    if (converter.is_nil()) continue;
    locals[1] = Value::Fixnum(static_cast<int64_t>(i));
    return ctx.CallThen(converter, {locals[2 + 2 * i + 1]}, locals, Converted);
  }
  return Enter(ctx, locals[0], absl::MakeConstSpan(locals).subspan(2));
}

// A promise, whose content it may share with those that it was chained to (R7RS 4.2.5).
class Promise final : public Foreign {
 public:
  struct Content {
    bool done = false;
    bool chain = false;  // the thunk gives another promise
    Value value;         // or the thunk
  };
  explicit Promise(Content content) : content_(std::make_shared<Content>(content)) {}
  absl::string_view type_name() const override { return "promise"; }
  void Print(std::string* out) const override { out->append("#<promise>"); }
  void Trace(Marker& marker) const override { marker.Mark(content_->value); }
  Content& content() const { return *content_; }
  // Becomes what `other` is, and `other` this.
  void TakeOver(const Promise& other) const {
    *content_ = *other.content_;
    other.content_ = content_;
  }

 private:
  mutable std::shared_ptr<Content> content_;
};

Value NewPromise(CallContext& ctx, Promise::Content content) {
  return ctx.heap().NewForeign(std::make_unique<Promise>(content), sizeof(Promise::Content));
}

EvalResult ForcePromise(CallContext& ctx, Value value);

EvalResult Forced(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const auto& promise = *locals[0].foreign<Promise>();
  Promise::Content& content = promise.content();
  if (content.done) return content.value;
  if (!content.chain) {
    content = {true, false, result};
    return result;
  }
  const auto* next = result.foreign<Promise>();
  if (next == nullptr) {
    return ctx.Error(ctx.CallSpan(),
                     absl::StrCat("delay-force: expected promise, got ", result.type_name()));
  }
  promise.TakeOver(*next);
  return ForcePromise(ctx, locals[0]);
}

EvalResult ForcePromise(CallContext& ctx, Value value) {
  const Promise::Content& content = value.foreign<Promise>()->content();
  if (content.done) return content.value;
  return ctx.CallThen(content.value, {}, {value}, Forced);
}

EvalResult Force(CallContext& ctx, Args args) {
  return args[0].foreign<Promise>() == nullptr ? args[0] : ForcePromise(ctx, args[0]);
}

EvalResult MakePromise(CallContext& ctx, Args args) {
  if (args[0].foreign<Promise>() != nullptr) return args[0];
  return NewPromise(ctx, {true, false, args[0]});
}

EvalResult IsPromise(CallContext&, Args args) {
  return Value::Bool(args[0].foreign<Promise>() != nullptr);
}

constexpr Builtin kRows[] = {
    {"values", "x:any... -> any", Values, "Gives several values at once to `call-with-values`.",
     "(call-with-values (lambda () (values 1 2)) list) => (1 2)\n(values 5) => 5", 1},
    {"call-with-values", "producer:procedure consumer:procedure -> any", CallWithValues,
     "Calls PRODUCER without arguments and CONSUMER with the values that it gives.",
     "(call-with-values (lambda () 5) list) => (5)", 1},
    {"call/cc", "procedure:procedure -> any", CallCc,
     "Calls PROCEDURE with a procedure that leaves to here: its arguments become the values of "
     "this call. It works only while this call goes on.",
     "(+ 1 (call/cc (lambda (return) (for-each (lambda (x) (if (> x 2) (return x))) '(1 2 3 4)) "
     "0))) => 4",
     1},
    {"call-with-current-continuation", "procedure:procedure -> any", CallCc, "As `call/cc`.",
     "(call-with-current-continuation (lambda (k) (k 1) 2)) => 1", 1},
    {"dynamic-wind", "before:procedure thunk:procedure after:procedure -> any", DynamicWind,
     "Calls the three in turn and gives the value of THUNK. AFTER is called whichever way THUNK "
     "ends: by an error or an escape too.",
     "(call-with-output-string (lambda (port) (dynamic-wind (lambda () (display \"in \" port)) "
     "(lambda () 1) (lambda () (display \"out\" port))))) => \"in out\"",
     1},
    {"make-parameter", "value:any [converter:procedure] -> procedure", MakeParameter,
     "A procedure that gives VALUE, or what `parameterize` says meanwhile. Values go through "
     "CONVERTER.",
     "(define level (make-parameter 1)) => ()\n"
     "(list (level) (parameterize ((level 2)) (level)) (level)) => (1 2 1)",
     1},
    {"force", "promise:any -> any", Force,
     "The value of a promise, computed once. What is no promise is its own value.",
     "(force (delay (+ 1 2))) => 3\n(force 5) => 5", 1},
    {"make-promise", "x:any -> promise", MakePromise, "A promise whose value is X.",
     "(force (make-promise 5)) => 5", 1},
    {"promise?", "x:any -> bool", IsPromise, "Whether X is a promise.",
     "(promise? (delay 1)) => #t", 1},
};

// Procedures that only derived forms call.

EvalResult CallCase(CallContext& ctx, Args args) {
  std::vector<Span> spans;
  for (size_t i = 0; i < args.size(); ++i) spans.push_back(ctx.ArgSpan(i));
  for (Value procedure : ctx.captures()) {
    if (ctx.Accepts(procedure, args.size())) return ctx.TailCall(procedure, args, spans);
  }
  return ctx.Error(ctx.CallSpan(),
                   absl::StrCat("arity mismatch: no clause of the case-lambda takes ", args.size(),
                                args.size() == 1 ? " argument" : " arguments"));
}
constexpr Builtin kCaseLambda = {"case-lambda", "x:any... -> any", CallCase};

EvalResult MakeCaseLambda(CallContext& ctx, Args args) {
  return ctx.NewProcedure(kCaseLambda, args);
}

EvalResult Parameterize(CallContext& ctx, Args args) {
  std::vector<Value> locals = {args[0], Value::Fixnum(0)};
  for (size_t i = 1; i + 1 < args.size(); i += 2) {
    const Value cell = CellOf(args[i]);
    if (cell.foreign<ParameterCell>() == nullptr) {
      return ctx.Error(ctx.ArgSpan(i),
                       absl::StrCat("parameterize: expected parameter, got ", args[i].type_name()),
                       "what make-parameter gives");
    }
    locals.push_back(cell);
    locals.push_back(args[i + 1]);
  }
  return ConvertFrom(ctx, std::move(locals));
}

EvalResult Delay(CallContext& ctx, Args args) { return NewPromise(ctx, {false, false, args[0]}); }
EvalResult DelayForce(CallContext& ctx, Args args) {
  return NewPromise(ctx, {false, true, args[0]});
}

EvalResult IsOneOf(CallContext& ctx, Args args) {
  for (Value list = args[1]; list.is_pair(); list = list.cdr()) {
    if (!ctx.Charge(1)) return ctx.OutOfSteps();
    if (Same(args[0], list.car())) return Value::Bool(true);
  }
  return Value::Bool(false);
}

EvalResult AssertionFailed(CallContext& ctx, Args args) {
  std::string message = "assertion failed: ";
  constexpr size_t kMostText = 1000;
  WriteTo(args[0], &message, kMostText);
  return ctx.Error(ctx.CallSpan(), std::move(message));
}

}  // namespace

BuiltinTable ControlBuiltins() {
  return {"Control", "How a program goes on: several values, leaving early, parameters, promises.",
          kRows};
}

namespace control {
const Builtin kCallWithValues = {"call-with-values", "producer:procedure consumer:procedure -> any",
                                 CallWithValues};
const Builtin kMakeCaseLambda = {"case-lambda", "clause:procedure... -> procedure", MakeCaseLambda};
const Builtin kParameterize = {"parameterize", "thunk:procedure x:any... -> any", Parameterize};
const Builtin kDelay = {"delay", "thunk:procedure -> promise", Delay};
const Builtin kDelayForce = {"delay-force", "thunk:procedure -> promise", DelayForce};
const Builtin kIsOneOf = {"case", "key:any data:list -> bool", IsOneOf};
const Builtin kAssertionFailed = {"assert", "expression:any -> any", AssertionFailed};
}  // namespace control

}  // namespace pelagos::reml
