// Raising errors and handling them (R7RS 6.11).
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/text_output.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

// The message is followed by the irritants. What is no string is the whole message.
EvalResult RaiseError(CallContext& ctx, Args args) {
  std::string text = args.empty() ? "error" : "";
  if (!args.empty()) {
    if (auto error = AppendText(ctx, args[0], args[0].is_string(), &text)) return *error;
  }
  Heap& heap = ctx.heap();
  const bool has_irritants = args.size() > 1 && args[0].is_string();
  const Value message = args.empty() || !args[0].is_string() ? heap.String(text) : args[0];
  ListBuilder irritants(heap);
  if (has_irritants) {
    for (size_t i = 1; i < args.size(); ++i) {
      text.push_back(' ');
      if (auto error = AppendText(ctx, args[i], false, &text)) return *error;
      irritants.Add(args[i], ctx.ArgSpan(i));
    }
  }
  if (!ctx.Fits(text.size())) return ctx.OutOfMemory();
  const Value whole = heap.String(text);
  return ctx.Raise(Value::Of(heap.New<ErrorObject>(0, whole, message, irritants.Finish())), false);
}

EvalResult Raise(CallContext& ctx, Args args) { return ctx.Raise(args[0], false); }
EvalResult RaiseContinuable(CallContext& ctx, Args args) { return ctx.Raise(args[0], true); }

EvalResult WithExceptionHandler(CallContext& ctx, Args args) {
  for (size_t i = 0; i < 2; ++i) {
    if (!args[i].is_procedure()) return ctx.TypeError(i, "procedure", args[i]);
  }
  return ctx.CallWithHandler(args[1], args[0]);
}

EvalResult IsErrorObject(CallContext&, Args args) { return Value::Bool(args[0].is_error()); }

const ErrorObject& ErrorOf(Value value) { return static_cast<const ErrorObject&>(*value.object()); }

EvalResult Message(CallContext& ctx, Args args) {
  if (!args[0].is_error()) return ctx.TypeError(0, "error object", args[0]);
  return ErrorOf(args[0]).message;
}

EvalResult Irritants(CallContext& ctx, Args args) {
  if (!args[0].is_error()) return ctx.TypeError(0, "error object", args[0]);
  return ErrorOf(args[0]).irritants;
}

constexpr Builtin kRows[] = {
    {"error", "message:any... -> any", RaiseError,
     "Fails with MESSAGE and, after it, the other arguments in write form. When MESSAGE is no "
     "string, it alone is the message.",
     "(error \"no port for\" 'web 80) !! no port for web 80\n"
     "(guard (e (else e)) (error \"bad:\" '(1))) => \"bad: (1)\""},
    {"raise", "object:any -> any", Raise, "Fails with any OBJECT, which `guard` binds as it is.",
     "(guard (e ((symbol? e) (list 'caught e))) (raise 'oops)) => (caught oops)\n"
     "(raise 42) !! raised: 42",
     1},
    {"raise-continuable", "object:any -> any", RaiseContinuable,
     "As `raise`, but what a handler of `with-exception-handler` returns is the value of the call.",
     "(with-exception-handler (lambda (e) 10) (lambda () (+ 1 (raise-continuable 'more)))) => 11",
     1},
    {"with-exception-handler", "handler:procedure thunk:procedure -> any", WithExceptionHandler,
     "Calls THUNK. HANDLER is called with what is raised meanwhile, before anything is left: it "
     "may "
     "escape, or return a value for `raise-continuable`. When it returns after an error, the error "
     "goes on outwards.",
     "(call/cc (lambda (k) (with-exception-handler (lambda (e) (k (list 'handled e))) (lambda () "
     "(car 5))))) => (handled \"car: expected pair, got int\")",
     1},
    {"error-object?", "x:any -> bool", IsErrorObject,
     "Whether X is what `guard` binds for an error. It is the message as a string, and knows its "
     "parts.",
     "(guard (e (else (list (string? e) (error-object? e)))) (error \"bad\")) => (#t #t)\n"
     "(error-object? \"bad\") => #f",
     1},
    {"error-object-message", "error:string -> any", Message,
     "The message that `error` was given, without the irritants.",
     "(guard (e (else (error-object-message e))) (error \"bad:\" 1 2)) => \"bad:\"", 1},
    {"error-object-irritants", "error:string -> list", Irritants,
     "What `error` was given after the message.",
     "(guard (e (else (error-object-irritants e))) (error \"bad:\" 1 \"x\")) => (1 \"x\")", 1},
};

}  // namespace

BuiltinTable ErrorBuiltins() {
  return {"Errors",
          "An error is raised by `error`, `raise` or a procedure that is used wrongly. `guard` and "
          "`with-exception-handler` catch it; uncaught, it is shown with its place and ends the "
          "program.",
          kRows};
}

}  // namespace pelagos::reml
