// Strings: what is in them, cut up, put together, with parts replaced.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/character.h"
#include "pelagos/reml/text.h"
#include "pelagos/reml/text_arguments.h"

namespace pelagos::reml {
namespace {

// Searching for a part: at worst every byte of one is compared with every byte of the other.
MaybeError ExpectSearch(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args, 0, 2)) return error;
  const size_t work = args[0].text().size() / kBytesPerStep * args[1].text().size();
  if (!ctx.Charge(work)) return ctx.OutOfSteps();
  return std::nullopt;
}

EvalResult Contains(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectSearch(ctx, args)) return *error;
  return Value::Bool(absl::StrContains(args[0].text(), args[1].text()));
}

EvalResult Search(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectSearch(ctx, args)) return *error;
  const absl::string_view text = args[0].text();
  absl::string_view rest;
  if (auto error = TakePart(ctx, args, 2, text, &rest)) return *error;
  const size_t found = rest.find(args[1].text());
  if (found == absl::string_view::npos) return Value::Bool(false);
  const size_t offset = static_cast<size_t>(rest.data() - text.data()) + found;
  return ctx.heap().Integer(static_cast<int64_t>(CharacterCount(text.substr(0, offset))));
}

EvalResult IsPrefix(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  return Value::Bool(absl::StartsWith(args[1].text(), args[0].text()));
}

EvalResult IsSuffix(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  return Value::Bool(absl::EndsWith(args[1].text(), args[0].text()));
}

EvalResult Join(CallContext& ctx, Args args) {
  size_t length = 0;
  if (MaybeError error = MeasureList(ctx, args, 0, &length)) return *error;
  if (MaybeError error = ExpectStrings(ctx, args, 1)) return *error;
  const absl::string_view separator = args.size() > 1 ? args[1].text() : " ";
  size_t bytes = separator.size() * length;
  for (Value item = args[0]; item.is_pair(); item = item.cdr()) {
    if (!item.car().is_string()) {
      return ctx.Error(ctx.CarSpan(item),
                       absl::StrCat("string-join: expected string, got ", item.car().type_name()));
    }
    bytes += item.car().text().size();
  }
  if (!ctx.Charge(bytes / kBytesPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(bytes)) return ctx.OutOfMemory();
  std::string all;
  all.reserve(bytes);
  for (Value item = args[0]; item.is_pair(); item = item.cdr()) {
    absl::StrAppend(&all, item.car().text(), item.cdr().is_pair() ? separator : "");
  }
  return ctx.heap().String(std::move(all));
}

// The end of the character that begins at `at`.
size_t EndOfCharacter(absl::string_view text, size_t at) {
  NextCharacter(text, at);
  return at;
}

// The words between runs of white space.
std::vector<absl::string_view> SplitWords(absl::string_view text) {
  std::vector<absl::string_view> words;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    if (!IsWhitespace(NextCharacter(text, at))) continue;
    if (here > begin) words.push_back(text.substr(begin, here - begin));
    begin = at;
  }
  if (begin < text.size()) words.push_back(text.substr(begin));
  return words;
}

EvalResult Split(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args, 0, 1)) return *error;
  absl::string_view text = args[0].text();
  if (args.size() == 1) return ListOfStrings(ctx, SplitWords(text));
  std::string separator;
  if (args[1].is_char()) {
    AppendUtf8(args[1].as_char(), &separator);
  } else if (args[1].is_string()) {
    separator = std::string(args[1].text());
  } else {
    return ctx.TypeError(1, "string", args[1]);
  }
  if (!ctx.Charge(text.size() / kBytesPerStep * separator.size())) return ctx.OutOfSteps();
  size_t most = SIZE_MAX;
  if (args.size() > 2) {
    if (MaybeError error = ExpectCount(ctx, args, 2)) return *error;
    most = static_cast<size_t>(args[2].as_int());
  }
  if (text.empty()) return Value::Nil();
  std::vector<absl::string_view> pieces;
  while (pieces.size() < most) {
    // Without a separator, each character is a piece.
    const size_t found = separator.empty() ? EndOfCharacter(text, 0) : text.find(separator);
    if (found == absl::string_view::npos || (separator.empty() && found == text.size())) break;
    pieces.push_back(text.substr(0, found));
    text.remove_prefix(found + separator.size());
  }
  pieces.push_back(text);
  return ListOfStrings(ctx, pieces);
}

EvalResult Replace(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  if (MaybeError error = ExpectSearch(ctx, args)) return *error;
  const absl::string_view text = args[0].text(), from = args[1].text(), to = args[2].text();
  if (from.empty()) return ctx.Error(ctx.ArgSpan(1), "string-replace: nothing to replace");
  size_t count = 0;
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + from.size())) {
    ++count;
  }
  if (count == 0) return args[0];
  const size_t bytes = text.size() - count * from.size();
  size_t added = 0;
  if (__builtin_mul_overflow(count, to.size(), &added) || !ctx.Fits(bytes) ||
      !ctx.Fits(bytes + added)) {
    return ctx.OutOfMemory();
  }
  if (!ctx.Charge(added / kBytesPerStep + count)) return ctx.OutOfSteps();
  std::string out;
  out.reserve(bytes + added);
  size_t done = 0;
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, done)) {
    absl::StrAppend(&out, text.substr(done, at - done), to);
    done = at + from.size();
  }
  absl::StrAppend(&out, text.substr(done));
  return ctx.heap().String(std::move(out));
}

constexpr Builtin kRows[] = {
    {"string-contains", "text:string part:string -> bool", Contains,
     "Whether PART is in TEXT. `string-search` tells where.",
     R"((string-contains "hello" "ell") => #t
(string-contains "hello" "") => #t)"},
    {"string-search", "text:string part:string [start:int] -> int|bool", Search,
     "The number of the character where PART begins in TEXT, the first time at or after the "
     "character START; `#f` when it is not there.",
     R"((string-search "héllo" "l") => 2
(string-search "a-b-c" "-" 2) => 3
(string-search "abc" "x") => #f)",
     1},
    {"string-prefix?", "prefix:string text:string -> bool", IsPrefix,
     "Whether TEXT begins with PREFIX.", R"((string-prefix? "ab" "abc") => #t)", 1},
    {"string-suffix?", "suffix:string text:string -> bool", IsSuffix,
     "Whether TEXT ends with SUFFIX.", R"((string-suffix? ".yml" "stack.yml") => #t)", 1},
    {"string-split", "text:string [separator:string|char] [most:int] -> list<string>", Split,
     "The pieces of TEXT between the places where SEPARATOR stands, at most MOST times. Without "
     "SEPARATOR: the words, between runs of white space. An empty SEPARATOR stands between all "
     "characters. An empty TEXT has no pieces.",
     R"((string-split "a,b,,c" ",") => ("a" "b" "" "c")
(string-split "  web  db\n") => ("web" "db")
(string-split "KEY=a=b" "=" 1) => ("KEY" "a=b")
(string-split "" ",") => ())",
     1},
    {"string-join", "list:list<string> [separator:string] -> string", Join,
     "The strings of LIST with SEPARATOR, or else a blank, between them.",
     R"((string-join '("a" "b" "c") ",") => "a,b,c"
(string-join '("a" "b")) => "a b"
(string-join '("a" 1)) !! string-join: expected string, got int)",
     1},
    {"string-replace", "text:string from:string to:string -> string", Replace,
     "TEXT with TO in all places where FROM was, from left to right.",
     R"((string-replace "a-b-c" "-" "+") => "a+b+c"
(string-replace "abc" "" "x") !! string-replace: nothing to replace)",
     1},
};

}  // namespace

BuiltinTable StringSearchBuiltins() { return {"Strings: searching and splitting", "", kRows}; }

}  // namespace pelagos::reml
