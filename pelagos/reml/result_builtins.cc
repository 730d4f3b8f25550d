// Values that say whether something worked: (ok VALUE) and (err MESSAGE).
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"

namespace pelagos::reml {
namespace {

EvalResult Tagged(CallContext& ctx, absl::string_view tag, Value value) {
  ListBuilder list(ctx.heap());
  list.Add(ctx.heap().Intern(tag), ctx.CallSpan());
  list.Add(value, ctx.ArgSpan(0));
  return list.Finish(ctx.CallSpan());
}
Value HasTag(CallContext& ctx, absl::string_view tag, Value value) {
  return Value::Bool(value.is_pair() && value.car() == ctx.heap().Intern(tag));
}

EvalResult Ok(CallContext& ctx, Args args) { return Tagged(ctx, "ok", args[0]); }
EvalResult Err(CallContext& ctx, Args args) { return Tagged(ctx, "err", args[0]); }
EvalResult IsOk(CallContext& ctx, Args args) { return HasTag(ctx, "ok", args[0]); }
EvalResult IsErr(CallContext& ctx, Args args) { return HasTag(ctx, "err", args[0]); }

EvalResult Second(CallContext& ctx, Args args) {
  if (!args[0].is_pair()) {
    return ctx.Error(ctx.ArgSpan(0), absl::StrCat("cdr: expected pair, got ", args[0].type_name()));
  }
  const Value rest = args[0].cdr();
  if (rest.is_pair()) return rest.car();
  return ctx.Error(ctx.ArgSpan(0), absl::StrCat("car: expected pair, got ", rest.type_name()));
}

constexpr absl::string_view kIntro =
    "A result is a list with a tag: `(ok VALUE)` for what worked, `(err MESSAGE)` for what did "
    "not. `with-cleanup` makes them of what its body does.";

constexpr Builtin kRows[] = {
    {"ok", "value:any -> list", Ok,
     "The result of what worked: a list of the symbol `ok` and VALUE.", "(ok 1) => (ok 1)"},
    {"err", "message:any -> list", Err,
     "The result of what did not work: a list of the symbol `err` and MESSAGE.",
     "(err \"no\") => (err \"no\")"},
    {"ok?", "x:any -> bool", IsOk, "Whether X is the result of what worked.",
     "(ok? (ok #f)) => #t\n(ok? (err \"no\")) => #f"},
    {"err?", "x:any -> bool", IsErr, "Whether X is the result of what did not work.",
     "(err? (err \"no\")) => #t\n(err? 5) => #f"},
    {"ok-value", "result:list -> any", Second, "The value in RESULT.",
     "(ok-value (ok 5)) => 5\n(ok-value 5) !! cdr: expected pair, got int"},
    {"err-reason", "result:list -> any", Second, "The message in RESULT.",
     "(err-reason (err \"no\")) => \"no\""},
};

}  // namespace

BuiltinTable ResultBuiltins() { return {"Results", kIntro, kRows}; }

}  // namespace pelagos::reml
