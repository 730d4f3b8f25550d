// JSON for programs; json_text.h says which value is which.
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/json_text.h"
#include "pelagos/reml/text_arguments.h"

namespace pelagos::reml {
namespace {

EvalResult Fail(CallContext& ctx, const absl::Status& status) {
  if (absl::IsResourceExhausted(status)) return ctx.OutOfMemory();
  return ctx.Error(ctx.ArgSpan(0), absl::StrCat(ctx.name(), ": ", status.message()));
}

EvalResult JsonRead(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  uint64_t work = 0;
  const absl::StatusOr<Value> value = ParseJson(ctx.heap(), args[0].text(), &work);
  if (!ctx.Charge(work)) return ctx.OutOfSteps();
  return value.ok() ? *value : Fail(ctx, value.status());
}

EvalResult JsonWrite(CallContext& ctx, Args args) {
  constexpr size_t kMostIndent = 16;
  size_t indent = 0;
  if (args.size() > 1) {
    if (auto error = ReadIndex(ctx, args, 1, 0, kMostIndent, &indent, "indent")) return *error;
  }
  absl::StatusOr<std::string> text =
      JsonText(args[0], static_cast<int>(indent), ctx.heap().limit());
  if (!text.ok()) return Fail(ctx, text.status());
  if (!ctx.Charge(text->size() / kBytesPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(text->size())) return ctx.OutOfMemory();
  return ctx.heap().String(*std::move(text));
}

constexpr Builtin kRows[] = {
    {"json-read", "text:string -> any", JsonRead,
     "The value that the JSON TEXT stands for. Of equal keys in an object, the last one counts.",
     R"x((json-read "[1, 2.0, \"a\", true, null]") => (1 2.0 "a" #t null)
(hash-table-ref (json-read "{\"image\": \"web:1\"}") "image") => "web:1"
(json-read "[1,]") !! json-read: line 1, column 4: unexpected ']'; expected '[', '{', or a literal)x",
     1},
    {"json-write", "value:any [indent:int] -> string", JsonWrite,
     "VALUE as JSON: on one line, or with each element on a line of its own, INDENT blanks further "
     "in than what it belongs to. Of equal keys in an alist, the first one counts.",
     R"x((json-write '(("image" . "web:1") ("ports" 80 443))) => "{\"image\":\"web:1\",\"ports\":[80,443]}"
(json-write '(1 2.0 #t null ())) => "[1,2.0,true,null,[]]"
(json-write '((a . 1)) 2) => "{\n  \"a\": 1\n}"
(json-write car) !! json-write: expected what JSON has, got procedure)x",
     1},
};

}  // namespace

BuiltinTable JsonBuiltins() {
  return {"JSON",
          "An object is read as a hash table with strings as keys, an array as a list, `null` as "
          "the symbol `null`. Numbers are integers when they are written as such and fit in 64 "
          "bits, else floats.\n\n"
          "Hash tables and alists are written as objects, vectors and all other lists as arrays, "
          "symbols as strings, but `null` as itself. An alist is a list that is not empty and "
          "whose elements are pairs with a string or a symbol in front: `((\"a\" 1))` is "
          "`{\"a\":[1]}`. For an array of such lists, use a vector: `#((\"a\" 1))` is "
          "`[[\"a\",1]]`.",
          kRows};
}

}  // namespace pelagos::reml
