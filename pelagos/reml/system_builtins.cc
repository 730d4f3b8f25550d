// Formatting, errors, and the little that a program sees of the process.
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/text_output.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

EvalResult Format(CallContext& ctx, Args args) {
  if (!args[0].is_string()) return ctx.TypeError(0, "string", args[0]);
  const absl::string_view directions = args[0].text();
  std::string out;
  size_t next = 1;
  for (size_t i = 0; i < directions.size(); ++i) {
    const char c = directions[i];
    const char direction = c == '~' && i + 1 < directions.size() ? directions[i + 1] : '\0';
    if (direction == 'a' || direction == 's') {
      if (next == args.size()) return ctx.Error(ctx.CallSpan(), "format: too few arguments");
      if (auto error = AppendText(ctx, args[next++], direction == 'a', &out)) return *error;
    } else if (direction == '%') {
      out.push_back('\n');
    } else if (direction == '~') {
      out.push_back('~');
    } else {
      out.push_back(c);
      continue;
    }
    ++i;
  }
  if (!ctx.Fits(out.size())) return ctx.OutOfMemory();
  return ctx.heap().String(std::move(out));
}

EvalResult Log(CallContext& ctx, Args args) {
  std::string record;
  for (size_t i = 0; i < args.size(); ++i) {
    if (i != 0) record.push_back(' ');
    if (auto error = AppendText(ctx, args[i], true, &record)) return *error;
  }
  ctx.host().log(record);
  return Value::Nil();
}

EvalResult Sleep(CallContext& ctx, Args args) {
  if (!args[0].is_number()) return ctx.TypeError(0, "number", args[0]);
  const double seconds = args[0].as_double();
  constexpr double kLongest = 1e9;  // some 30 years; a clock's range ends somewhere
  if (std::isnan(seconds) || seconds > kLongest) {
    return ctx.Error(ctx.ArgSpan(0), "sleep: number of seconds out of range");
  }
  if (seconds > 0) ctx.host().sleep(seconds);
  // Whoever was interrupted while sleeping goes no further.
  if (!ctx.Charge(1)) return ctx.OutOfSteps();
  return Value::Nil();
}

constexpr Builtin kRows[] = {
    {"format", "template:string x:any... -> string", Format,
     "TEMPLATE with its directions filled in: `~a` the next X as display shows it, `~s` as write "
     "shows it, `~%` a new line, `~~` a tilde. What else follows a tilde stays as it is, and an X "
     "too many is not used.",
     "(format \"~a is ~s\" \"x\" \"y\") => \"x is \\\"y\\\"\"\n"
     "(format \"100~~\") => \"100~\"\n"
     "(format \"~a\") !! format: too few arguments",
     0, "format: requires format string"},
    {"log", "x:any... -> nil", Log,
     "Writes one record, X after X as display shows them, to the program's log. `pelagos compose` "
     "shows it when PELAGOS_LOG is info; `pelagos reml eval` writes it to standard error.",
     "(log \"port\" 80) => ()"},
    {"sleep", "seconds:number -> nil", Sleep, "Waits. Fractions of a second are fine.",
     "(sleep 0.01) => ()\n(sleep \"1\") !! sleep: expected number, got string"},
};

}  // namespace

BuiltinTable SystemBuiltins() { return {"Text, log and time", "", kRows}; }

}  // namespace pelagos::reml
