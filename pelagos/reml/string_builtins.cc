// Strings: made, taken apart, compared. See string_search_builtins.cc for what looks inside.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/text.h"
#include "pelagos/reml/text_arguments.h"

namespace pelagos::reml {
namespace {

EvalResult StringOf(CallContext& ctx, Args args) {
  std::string text;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].is_char()) return ctx.TypeError(i, "char", args[i]);
    AppendUtf8(args[i].as_char(), &text);
  }
  return ctx.heap().String(std::move(text));
}

// `piece`, `count` times.
EvalResult Repeat(CallContext& ctx, absl::string_view piece, int64_t count) {
  size_t bytes = 0;
  if (__builtin_mul_overflow(piece.size(), static_cast<size_t>(count), &bytes) ||
      !ctx.Fits(bytes)) {
    return ctx.OutOfMemory();
  }
  if (!ctx.Charge(bytes / kBytesPerStep)) return ctx.OutOfSteps();
  std::string text;
  text.reserve(bytes);
  while (text.size() < bytes) text.append(piece.data(), piece.size());
  return ctx.heap().String(std::move(text));
}

EvalResult MakeString(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectCount(ctx, args, 0)) return *error;
  if (args.size() > 1 && !args[1].is_char()) return ctx.TypeError(1, "char", args[1]);
  std::string piece;
  AppendUtf8(args.size() > 1 ? args[1].as_char() : U' ', &piece);
  return Repeat(ctx, piece, args[0].as_int());
}

EvalResult StringRepeat(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args, 0, 1)) return *error;
  if (MaybeError error = ExpectCount(ctx, args, 1)) return *error;
  return Repeat(ctx, args[0].text(), args[1].as_int());
}

EvalResult StringAppend(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  std::string all;
  for (Value arg : args) absl::StrAppend(&all, arg.text());
  return ctx.heap().String(std::move(all));
}

EvalResult StringLength(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().Integer(static_cast<int64_t>(CharacterCount(args[0].text())));
}

EvalResult IsEmpty(CallContext& ctx, Args args) {
  if (!args[0].is_string()) return ctx.TypeError(0, "string", args[0]);
  return Value::Bool(args[0].text().empty());
}

EvalResult StringRef(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args, 0, 1)) return *error;
  if (!args[1].is_int()) return ctx.TypeError(1, "integer", args[1]);
  const absl::string_view text = args[0].text();
  const int64_t index = args[1].as_int();
  std::optional<size_t> offset;
  if (index >= 0) offset = ByteOffset(text, static_cast<size_t>(index));
  if (!offset || *offset == text.size()) {
    return ctx.Error(ctx.ArgSpan(1), absl::StrCat("string-ref: index ", index, " out of range"));
  }
  return Value::Char(NextCharacter(text, *offset));
}

// substring and string-copy.
EvalResult Substring(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args, 0, 1)) return *error;
  absl::string_view part;
  if (auto error = TakePart(ctx, args, 1, args[0].text(), &part)) return *error;
  if (part.size() == args[0].text().size()) return args[0];
  return ctx.heap().String(std::string(part));
}

EvalResult StringReverse(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  const absl::string_view text = args[0].text();
  std::string reversed;
  reversed.reserve(text.size());
  for (size_t end = text.size(); end > 0;) {
    size_t begin = end - 1;
    while (ContinuesCharacter(text[begin])) --begin;
    reversed.append(text.data() + begin, end - begin);
    end = begin;
  }
  return ctx.heap().String(std::move(reversed));
}

// A text on the one side of so many characters that it has a width; what is too long loses
// characters on that side.
EvalResult Pad(CallContext& ctx, Args args, bool left) {
  if (MaybeError error = ExpectStrings(ctx, args, 0, 1)) return *error;
  if (MaybeError error = ExpectCount(ctx, args, 1)) return *error;
  if (args.size() > 2 && !args[2].is_char()) return ctx.TypeError(2, "char", args[2]);
  const absl::string_view text = args[0].text();
  const size_t length = CharacterCount(text);
  const size_t width = static_cast<size_t>(args[1].as_int());
  if (width <= length) {
    const size_t cut = *ByteOffset(text, left ? length - width : width);
    return ctx.heap().String(std::string(left ? text.substr(cut) : text.substr(0, cut)));
  }
  constexpr size_t kLongestCharacter = 4;
  if (width > ctx.heap().limit() || !ctx.Fits(text.size() + width * kLongestCharacter)) {
    return ctx.OutOfMemory();
  }
  if (!ctx.Charge(width / kBytesPerStep)) return ctx.OutOfSteps();
  std::string padding;
  for (size_t i = length; i < width; ++i) {
    AppendUtf8(args.size() > 2 ? args[2].as_char() : U' ', &padding);
  }
  return ctx.heap().String(left ? absl::StrCat(padding, text) : absl::StrCat(text, padding));
}

EvalResult PadLeft(CallContext& ctx, Args args) { return Pad(ctx, args, true); }
EvalResult PadRight(CallContext& ctx, Args args) { return Pad(ctx, args, false); }

template <std::string (*kMap)(absl::string_view)>
EvalResult MapCase(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().String(kMap(args[0].text()));
}

// UTF-8 sorts as its characters do. `kHolds` says what is wanted of the sign of a comparison.
template <bool (*kHolds)(int), bool kFold = false>
EvalResult Compare(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  std::string folded[2];
  for (size_t i = 1; i < args.size(); ++i) {
    absl::string_view a = args[i - 1].text(), b = args[i].text();
    if (kFold) {
      folded[0] = ToFolded(a);
      folded[1] = ToFolded(b);
      a = folded[0];
      b = folded[1];
    }
    if (!kHolds(a.compare(b))) return Value::Bool(false);
  }
  return Value::Bool(true);
}

bool IsSame(int order) { return order == 0; }
bool IsLess(int order) { return order < 0; }
bool IsGreater(int order) { return order > 0; }
bool IsNotGreater(int order) { return order <= 0; }
bool IsNotLess(int order) { return order >= 0; }

// The characters of a part of the text; false when there are too many of them, `error` is set.
MaybeError TakeCharacters(CallContext& ctx, Args args, std::vector<Value>* items) {
  if (MaybeError error = ExpectStrings(ctx, args, 0, 1)) return *error;
  absl::string_view part;
  if (auto error = TakePart(ctx, args, 1, args[0].text(), &part)) return *error;
  const size_t count = CharacterCount(part);
  if (!ctx.Charge(count)) return ctx.OutOfSteps();
  if (!ctx.Fits(count * sizeof(Pair))) return ctx.OutOfMemory();
  items->reserve(count);
  for (size_t at = 0; at < part.size();) items->push_back(Value::Char(NextCharacter(part, at)));
  return std::nullopt;
}

EvalResult StringToList(CallContext& ctx, Args args) {
  std::vector<Value> items;
  if (auto error = TakeCharacters(ctx, args, &items)) return *error;
  ListBuilder list(ctx.heap());
  for (Value item : items) list.Add(item, ctx.CallSpan());
  return list.Finish(ctx.CallSpan());
}

EvalResult StringToVector(CallContext& ctx, Args args) {
  std::vector<Value> items;
  if (auto error = TakeCharacters(ctx, args, &items)) return *error;
  return ctx.heap().Vector(std::move(items));
}

EvalResult ListToString(CallContext& ctx, Args args) {
  size_t length = 0;
  if (MaybeError error = MeasureList(ctx, args, 0, &length)) return *error;
  if (!ctx.Fits(length)) return ctx.OutOfMemory();
  std::string text;
  for (Value item = args[0]; item.is_pair(); item = item.cdr()) {
    if (!item.car().is_char()) {
      return ctx.Error(ctx.CarSpan(item),
                       absl::StrCat("list->string: expected char, got ", item.car().type_name()));
    }
    AppendUtf8(item.car().as_char(), &text);
  }
  return ctx.heap().String(std::move(text));
}

EvalResult VectorToString(CallContext& ctx, Args args) {
  if (!args[0].is_vector()) return ctx.TypeError(0, "vector", args[0]);
  const std::vector<Value>& items = args[0].vector()->items;
  size_t start = 0, end = 0;
  if (MaybeError error = ReadRange(ctx, args, 1, items.size(), &start, &end)) return *error;
  if (!ctx.Charge(end - start)) return ctx.OutOfSteps();
  if (!ctx.Fits(end - start)) return ctx.OutOfMemory();
  std::string text;
  for (size_t i = start; i < end; ++i) {
    if (!items[i].is_char()) {
      return ctx.Error(ctx.ArgSpan(0), absl::StrCat("vector->string: expected char, got ",
                                                    items[i].type_name(), " at index ", i));
    }
    AppendUtf8(items[i].as_char(), &text);
  }
  return ctx.heap().String(std::move(text));
}

constexpr Builtin kRows[] = {
    {"string", "c:char... -> string", StringOf, "The characters C, in a string.",
     R"((string #\a #\é) => "aé"
(string) => ""
(string "a") !! string: expected char, got string)",
     1},
    {"make-string", "count:int [c:char] -> string", MakeString,
     "COUNT times the character C, or as many blanks.",
     R"((make-string 3 #\-) => "---"
(make-string -1) !! make-string: -1 is negative)",
     1},
    {"string-append", "text:string... -> string", StringAppend, "All of TEXT, one after the other.",
     R"((string-append "db" "-" "data") => "db-data"
(string-append) => "")"},
    {"string-repeat", "text:string count:int -> string", StringRepeat, "COUNT times TEXT.",
     R"((string-repeat "ab" 3) => "ababab")", 1},
    {"string-length", "text:string -> int", StringLength, "The number of characters in TEXT.",
     R"((string-length "héé") => 3)"},
    {"string-null?", "text:string -> bool", IsEmpty, "Whether TEXT has no characters.",
     R"((string-null? "") => #t)", 1},
    {"string-ref", "text:string index:int -> char", StringRef,
     "The character number INDEX of TEXT. The first one is number 0.",
     R"((string-ref "héé" 1) => #\é
(string-ref "abc" 3) !! string-ref: index 3 out of range)",
     1},
    {"substring", "text:string start:int [end:int] -> string", Substring,
     "The characters of TEXT from number START up to, but without, number END. Without END: up to "
     "the end of TEXT.",
     R"((substring "hello" 1 3) => "el"
(substring "hello" 2) => "llo"
(substring "abc" 2 9) !! substring: index out of range)"},
    {"string-copy", "text:string [start:int] [end:int] -> string", Substring,
     "As `substring`, but START may be left out too. Strings never change, so that copying all of "
     "TEXT gives TEXT.",
     R"((string-copy "hello" 3) => "lo")", 1},
    {"string-reverse", "text:string -> string", StringReverse,
     "The characters of TEXT, last first.", R"((string-reverse "añb") => "bña")", 1},
    {"string-pad-left", "text:string width:int [c:char] -> string", PadLeft,
     "TEXT with as many C, or else blanks, before it as make it WIDTH characters long. A longer "
     "TEXT loses its first characters.",
     R"((string-pad-left "7" 3 #\0) => "007"
(string-pad-left "12345" 3) => "345")",
     1},
    {"string-pad-right", "text:string width:int [c:char] -> string", PadRight,
     "TEXT with as many C, or else blanks, after it as make it WIDTH characters long. A longer "
     "TEXT loses its last characters.",
     R"((string-pad-right "ab" 4) => "ab  "
(string-pad-right "12345" 3) => "123")",
     1},
    {"string-upcase", "text:string -> string", MapCase<ToUpper>,
     "TEXT in capitals. Each character is mapped by itself: `ß` stays.",
     R"((string-upcase "aéж") => "AÉЖ")"},
    {"string-downcase", "text:string -> string", MapCase<ToLower>, "TEXT in small letters.",
     R"((string-downcase "AÉЖ") => "aéж")"},
    {"string-foldcase", "text:string -> string", MapCase<ToFolded>,
     "TEXT without its case: two texts that differ in case only become the same.",
     R"((string-foldcase "ΣΑΣ") => "σασ"
(string-foldcase "σας") => "σασ")",
     1},
    {"string=?", "a:string b:string more:string... -> bool", Compare<IsSame>,
     "Whether all of A, B and MORE are the same.",
     R"((string=? "a" "a" "a") => #t
(string=? "a" 'a) !! string=?: expected string, got symbol)"},
    {"string<?", "a:string b:string more:string... -> bool", Compare<IsLess>,
     "Whether each string is less than the next, in the order of their characters' numbers.",
     R"((string<? "a" "b" "c") => #t
(string<? "Z" "a") => #t)"},
    {"string>?", "a:string b:string more:string... -> bool", Compare<IsGreater>,
     "Whether each string is greater than the next.", R"((string>? "b" "a") => #t)"},
    {"string<=?", "a:string b:string more:string... -> bool", Compare<IsNotGreater>,
     "Whether no string is greater than the next.", R"((string<=? "a" "a" "b") => #t)", 1},
    {"string>=?", "a:string b:string more:string... -> bool", Compare<IsNotLess>,
     "Whether no string is less than the next.", R"((string>=? "b" "c") => #f)", 1},
    {"string-ci=?", "a:string b:string more:string... -> bool", Compare<IsSame, true>,
     "Whether A, B and MORE are the same but for their case.",
     R"((string-ci=? "Straße" "STRAßE") => #t)", 1},
    {"string-ci<?", "a:string b:string more:string... -> bool", Compare<IsLess, true>,
     "As `string<?`, without regard to case.", R"((string-ci<? "a" "B") => #t)", 1},
    {"string-ci>?", "a:string b:string more:string... -> bool", Compare<IsGreater, true>,
     "As `string>?`, without regard to case.", R"((string-ci>? "a" "B") => #f)", 1},
    {"string-ci<=?", "a:string b:string more:string... -> bool", Compare<IsNotGreater, true>,
     "As `string<=?`, without regard to case.", R"((string-ci<=? "a" "A") => #t)", 1},
    {"string-ci>=?", "a:string b:string more:string... -> bool", Compare<IsNotLess, true>,
     "As `string>=?`, without regard to case.", R"((string-ci>=? "a" "A") => #t)", 1},
    {"string->list", "text:string [start:int] [end:int] -> list<char>", StringToList,
     "The characters of TEXT, from number START up to, but without, number END.",
     R"((string->list "abc") => (#\a #\b #\c)
(string->list "abc" 1) => (#\b #\c))",
     1},
    {"list->string", "list:list<char> -> string", ListToString,
     "A string of the characters in LIST.", R"((list->string '(#\a #\b)) => "ab"
(list->string '(1)) !! list->string: expected char, got int)",
     1},
    {"string->vector", "text:string [start:int] [end:int] -> vector", StringToVector,
     "As `string->list`, but a vector.", R"((string->vector "abc") => #(#\a #\b #\c))", 1},
    {"vector->string", "vector:vector [start:int] [end:int] -> string", VectorToString,
     "A string of the characters in VECTOR, from number START up to, but without, number END.",
     R"((vector->string #(#\a #\b #\c) 1) => "bc")", 1},
};

}  // namespace

BuiltinTable StringBuiltins() {
  return {"Strings",
          "Strings are Unicode text and never change. They are counted in characters, from 0 on, "
          "however many bytes a character takes.",
          kRows};
}

}  // namespace pelagos::reml
