// The inputs of a program: variables, files, clocks, random numbers. All of them go through the
// host, which notes them (inputs.h).
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/file_argument.h"
#include "pelagos/reml/import.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

constexpr int64_t kVersion = 1;
constexpr int64_t kTicksPerSecond = 1'000'000'000;

bool IsText(Value value) { return value.is_string() || value.is_symbol(); }

// Values beyond the first were never looked at, unless the first of them is a keyword.
EvalResult Env(CallContext& ctx, Args args) {
  if (!IsText(args[0])) return ctx.TypeError(0, "string", args[0]);
  Value otherwise = Value::Nil();
  if (args.size() > 1 && args[1].is_keyword()) {
    if (args[1].text() != ":default") {
      return ctx.Error(ctx.ArgSpan(1), absl::StrCat("env: unknown option '", args[1].text(), "'"),
                       "the only one is ':default'");
    }
    if (args.size() == 2) return ctx.Error(ctx.ArgSpan(1), "env: ':default' needs a value");
    if (args.size() > 3) return ctx.Error(ctx.ArgSpan(3), "env: ':default' takes one value");
    otherwise = args[2];
  }
  const std::optional<std::string> value = ctx.host().environment(args[0].text());
  return value ? ctx.heap().String(*value) : otherwise;
}

EvalResult RequireEnv(CallContext& ctx, Args args) {
  if (!IsText(args[0])) return ctx.TypeError(0, "string", args[0]);
  if (args.size() > 1 && !args[1].is_string()) return ctx.TypeError(1, "string", args[1]);
  const absl::string_view name = args[0].text();
  if (const std::optional<std::string> value = ctx.host().environment(name)) {
    return ctx.heap().String(*value);
  }
  return ctx.Error(ctx.ArgSpan(0),
                   absl::StrCat("require-env: ", name, " is not set",
                                args.size() > 1 ? absl::StrCat(": ", args[1].text()) : ""),
                   absl::StrCat("set it for this command: ", name, "=... pelagos ..."));
}

EvalResult GetEnvironmentVariable(CallContext& ctx, Args args) {
  if (!args[0].is_string()) return ctx.TypeError(0, "string", args[0]);
  const std::optional<std::string> value = ctx.host().environment(args[0].text());
  return value ? ctx.heap().String(*value) : Value::Bool(false);
}

EvalResult ReadFile(CallContext& ctx, Args args) {
  std::string path, text;
  if (auto error = ReadFileArgument(ctx, 0, args[0], path, text)) return *error;
  return ctx.heap().String(std::move(text));
}

EvalResult CurrentSecond(CallContext& ctx, Args) { return ctx.heap().Float(ctx.host().now()); }
EvalResult CurrentJiffy(CallContext& ctx, Args) { return ctx.heap().Integer(ctx.host().ticks()); }
EvalResult JiffiesPerSecond(CallContext& ctx, Args) { return ctx.heap().Integer(kTicksPerSecond); }

EvalResult Random(CallContext& ctx, Args args) {
  if (!args[0].is_int()) return ctx.TypeError(0, "integer", args[0]);
  if (args[0].as_int() < 1) {
    return ctx.Error(ctx.ArgSpan(0),
                     absl::StrCat("random: expected a positive integer, got ", args[0].as_int()));
  }
  // What is beyond the last whole multiple would make small numbers more frequent.
  const uint64_t count = static_cast<uint64_t>(args[0].as_int());
  const uint64_t beyond = UINT64_MAX - UINT64_MAX % count;
  uint64_t bits = ctx.host().random();
  while (bits >= beyond) bits = ctx.host().random();
  return ctx.heap().Integer(static_cast<int64_t>(bits % count));
}

EvalResult Version(CallContext& ctx, Args args) {
  if (!args[0].is_int()) return ctx.TypeError(0, "integer", args[0]);
  if (args[0].as_int() == kVersion) return Value::Nil();
  return ctx.Error(ctx.ArgSpan(0), absl::StrCat("reml-version: unknown version ", args[0].as_int()),
                   absl::StrCat("this Pelagos knows reml version ", kVersion));
}

constexpr absl::string_view kIntro =
    "What a program reads of the world. All of it is noted: `pelagos reml inputs` lists it with "
    "its hashes, and the same inputs give the same result, byte for byte.";

constexpr Builtin kRows[] = {
    {"env", "name:text option:any... -> any", Env,
     "The value of the environment variable NAME. Without such a variable it is (), or V with "
     "`:default V`. Pelagos's own environment is meant, not that of a container.",
     "(env \"TAG\") => \"1.27\"\n"
     "(env \"NO_SUCH\") => ()\n"
     "(env \"NO_SUCH\" :default \"latest\") => \"latest\"\n"
     "(env \"TAG\" :defalt 1) !! env: unknown option ':defalt'"},
    {"require-env", "name:text [message:string] -> string", RequireEnv,
     "The value of the environment variable NAME. It is an error when there is none; MESSAGE says "
     "what it is for.",
     "(require-env \"TAG\") => \"1.27\"\n"
     "(require-env \"NO_SUCH\" \"the image's tag\") !! require-env: NO_SUCH is not set: the "
     "image's tag",
     1},
    {"get-environment-variable", "name:string -> string|bool", GetEnvironmentVariable,
     "The value of the environment variable NAME, or #f.",
     "(get-environment-variable \"TAG\") => \"1.27\"\n(get-environment-variable \"NO_SUCH\") => #f",
     1},
    {"read-file", "path:string -> string", ReadFile,
     "The content of the file PATH, which must be UTF-8 and at most 16 MiB. A relative PATH counts "
     "from the folder of the file in which the call is written.",
     "(read-file \"no-such.txt\") !! read-file: 'no-such.txt': No such file or directory\n"
     "(read-file \"/\") !! read-file: '/': Is a directory",
     1},
    {"current-second", " -> float", CurrentSecond,
     "The time, in seconds since the beginning of 1970.", "(> (current-second) 1e9) => #t", 1},
    {"current-jiffy", " -> int", CurrentJiffy,
     "The reading of a clock that is never set, to measure how long something takes.",
     "(<= (- (current-jiffy) (current-jiffy)) 0) => #t", 1},
    {"jiffies-per-second", " -> int", JiffiesPerSecond,
     "How many of current-jiffy's units there are in a second.",
     "(jiffies-per-second) => 1000000000", 1},
    {"random", "n:int -> int", Random, "A random integer, 0 to N - 1.",
     "(random 1) => 0\n(< (random 6) 6) => #t\n"
     "(random 0) !! random: expected a positive integer, got 0",
     1},
    {"reml-version", "n:int -> nil", Version,
     "Says at the beginning of a file which version of the language it is written in. An unknown "
     "one is an error.",
     "(reml-version 1) => ()\n(reml-version 7) !! reml-version: unknown version 7", 1},
};

}  // namespace

BuiltinTable InputBuiltins() {
  static const std::vector<Builtin> kTable = [] {
    std::vector<Builtin> rows(std::begin(kRows), std::end(kRows));
    rows.push_back(ImportRow());
    return rows;
  }();
  return {"Inputs", kIntro, kTable};
}

}  // namespace pelagos::reml
