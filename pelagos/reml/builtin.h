// A procedure written in C++: a row of a table, and what its function sees of the call.
//
//   EvalResult Twice(CallContext& ctx, absl::Span<const Value> args) {
//     if (!args[0].is_int()) return ctx.TypeError(0, "integer", args[0]);
//     return ctx.heap().Integer(2 * args[0].as_int());
//   }
//   constexpr Builtin kRows[] = {
//       {"twice", "n:int -> int", Twice, "N + N.", "(twice 4) => 8"},
//   };
//
// The row is all that anything else knows of it: the evaluator's arity, the diagnostics, the
// reference manual and the tools. The number of arguments has been checked when the function is
// called; their types have not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/signature.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

class CallContext;

// What a builtin gives back: a value; or that it failed (the context has the Diagnostics); or that
// the evaluator shall now call something (the context knows what).
class EvalResult {
 public:
  EvalResult(Value value) : value_(value) {}  // NOLINT: a value is the common result

  bool ok() const { return state_ == State::kValue; }
  bool failed() const { return state_ == State::kFailed; }
  Value value() const { return value_; }  // requires: ok()

 private:
  friend class CallContext;
  enum class State : uint8_t { kValue, kFailed, kCall };
  explicit EvalResult(State state) : state_(state) {}

  Value value_;
  State state_ = State::kValue;
};

using BuiltinFunction = EvalResult (*)(CallContext& ctx, absl::Span<const Value> args);
// One that has something of its own.
using BuiltinClosure = std::function<EvalResult(CallContext& ctx, absl::Span<const Value> args)>;

// All views are of static storage.
struct Builtin {
  absl::string_view name;
  // See signature.h: "text:string start:int [end:int] -> string"; "x:any... -> list".
  absl::string_view signature;
  BuiltinFunction function = nullptr;
  // Sentences for the manual. Parameters in capitals, code in `quotes`.
  absl::string_view doc = "";
  // Programs with answers, one a line, which a test runs: "(twice 4) => 8", or "(twice 'a) !!
  // twice: expected integer, got symbol".
  absl::string_view example = "";
  // The version of the language that brought it; 0: the original Pelagos has it too.
  int since = 0;
  // The whole message for a wrong number of arguments; empty: "NAME: expected N argument(s), got
  // M".
  absl::string_view arity_message = "";
};

// A chapter of the reference.
struct BuiltinTable {
  absl::string_view section;  // "Strings"
  absl::string_view intro;    // a paragraph or two, Markdown
  absl::Span<const Builtin> rows;
};

// The world as a program sees it, all of it. Functions left empty are the process's own world, but
// output and log then go nowhere (host.h).
struct Host {
  std::function<void(absl::string_view)> output;  // of display, write and newline
  std::function<void(absl::string_view)> log;     // one record, without a newline
  std::function<std::optional<std::string>(absl::string_view)> environment;
  // The content of a regular file of at most `most` bytes. The error does not name the file.
  std::function<absl::StatusOr<std::string>(const std::string& path, size_t most)> read_file;
  std::function<double()> now;        // seconds since 1970
  std::function<int64_t()> ticks;     // nanoseconds on a clock that is never set
  std::function<uint64_t()> random;   // 64 bits
  std::function<void(double)> sleep;  // seconds, not negative
};

// Continues a builtin that asked for a call: `locals` are the values that it set aside (they may be
// overwritten), `result` is what the call returned.
using ResumeFunction = EvalResult (*)(CallContext& ctx, absl::Span<Value> locals, Value result);

// One call of one builtin.
class CallContext {
 public:
  virtual ~CallContext() = default;

  virtual Heap& heap() = 0;
  virtual const Host& host() const = 0;
  virtual absl::string_view name() const = 0;  // of the builtin
  // What NewProcedure gave it.
  virtual absl::Span<const Value> captures() const = 0;
  // A procedure that carries values: the accessor of a record's field, say. The views of `row` must
  // last: a name may be that of a symbol.
  virtual Value NewProcedure(const Builtin& row, absl::Span<const Value> captures) = 0;

  // Where to point. Inside what a macro of the standard library made, the use of the macro.
  virtual Span CallSpan() const = 0;
  // The expression that gave the argument (for `apply`, the element of its list, where known).
  virtual Span ArgSpan(size_t index) const = 0;
  // The best known place for a value that is a list (or for its first element): its own span, or
  // else that of the call.
  Span SpanOf(Value list) const { return Or(reml::SpanOf(list), CallSpan()); }
  Span CarSpan(Value pair) const { return Or(reml::CarSpan(pair), SpanOf(pair)); }

  // The builtin fails. `guard` sees the first error's message; uncaught, all go out.
  virtual EvalResult Fail(Diagnostics diagnostics) = 0;
  EvalResult Error(Span span, std::string message, std::string hint = "") {
    Diagnostics diagnostics;
    diagnostics.Error(span, std::move(message), std::move(hint));
    return Fail(std::move(diagnostics));
  }
  // "NAME: expected EXPECTED, got TYPE" at the argument.
  EvalResult TypeError(size_t index, absl::string_view expected, Value got) {
    return Error(ArgSpan(index),
                 absl::StrCat(name(), ": expected ", expected, ", got ", got.type_name()));
  }

  // Whether a guard or a handler of the program would see a failure of this call.
  virtual bool Guarded() const = 0;

  // The errors with the notes of the way to this call, as Fail gives them. For errors that are
  // reported without failing.
  virtual Diagnostics Traced(Diagnostics diagnostics) = 0;

  // Counts work that is not constant against the limit of steps; false: fail with OutOfSteps().
  virtual bool Charge(uint64_t steps) = 0;
  virtual EvalResult OutOfSteps() = 0;
  // Whether `bytes` more may be allocated; false: fail with OutOfMemory().
  bool Fits(size_t bytes) { return heap().Fits(bytes); }
  virtual EvalResult OutOfMemory() = 0;

  // Return what these return. The procedure is called by the evaluator, after the builtin returned:
  // no host recursion. `spans` belong to the arguments; it may be shorter.
  //
  // TailCall: the value of the call is the builtin's value.
  virtual EvalResult TailCall(Value procedure, absl::Span<const Value> args,
                              absl::Span<const Span> spans = {}) = 0;
  // CallThen: then `resume` gets it. `locals` are kept alive meanwhile.
  virtual EvalResult CallThen(Value procedure, absl::Span<const Value> args,
                              absl::Span<const Value> locals, ResumeFunction resume,
                              absl::Span<const Span> spans = {}) = 0;

  // As TailCall; `cleanup`, a procedure without arguments, is called afterwards, whichever way the
  // call ends.
  virtual EvalResult CallWithCleanup(Value procedure, absl::Span<const Value> args,
                                     Value cleanup) = 0;
  // As TailCall without arguments, under a handler for failures (R7RS 6.11).
  virtual EvalResult CallWithHandler(Value procedure, Value handler) = 0;
  // As TailCall with a procedure that leaves to here: it calls Escape with the number that it has.
  virtual EvalResult CallWithEscape(Value procedure) = 0;
  virtual EvalResult Escape(uint64_t escape, Value value) = 0;
  // Fails with a value of the program, or an ErrorObject. `continuable`: a handler's value becomes
  // that of this call.
  virtual EvalResult Raise(Value payload, bool continuable) = 0;
  // Whether the procedure takes so many arguments.
  virtual bool Accepts(Value procedure, size_t count) const = 0;

  // Evaluates a source at the top level, as a tail call: the value is that of its last form. Fails
  // when it does not read.
  virtual EvalResult EvaluateSource(uint32_t source) = 0;
  // The sources of the interpreter, to add one and to know in which one CallSpan() lies.
  virtual SourceMap& sources() = 0;

  // Calls it now, on a fresh evaluator loop. For builtins that cannot be cut into pieces; nests at
  // most 16 deep. A collection may happen: hold what you need in Roots.
  virtual EvalResult Call(Value procedure, absl::Span<const Value> args) = 0;

 protected:
  static Span Or(Span span, Span otherwise) { return span.known() ? span : otherwise; }
  static EvalResult Failed() { return EvalResult(EvalResult::State::kFailed); }
  static EvalResult Calling() { return EvalResult(EvalResult::State::kCall); }
};

}  // namespace pelagos::reml
