// Strings, character by character: those that are sought, and procedures called for each.
#include <algorithm>
#include <optional>
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

// What a search for characters looks for: one of them, any of a string, or what a procedure says.
MaybeError ExpectSought(CallContext& ctx, Args args, size_t index) {
  const Value sought = args[index];
  if (sought.is_char() || sought.is_procedure()) return std::nullopt;
  if (!sought.is_string()) return ctx.TypeError(index, "char, string or procedure", sought);
  const size_t work = args[0].text().size() / kBytesPerStep * sought.text().size();
  if (!ctx.Charge(work)) return ctx.OutOfSteps();
  return std::nullopt;
}

// Whether it is one of those. () stands for white space. Requires: no procedure.
bool IsSought(Value sought, char32_t c) {
  if (sought.is_nil()) return IsWhitespace(c);
  if (sought.is_char()) return sought.as_char() == c;
  std::string character;
  AppendUtf8(c, &character);
  return absl::StrContains(sought.text(), character);
}

enum Goal : int64_t { kIndex, kIndexRight, kCount, kTrim, kTrimLeft, kTrimRight };

// A walk over a text that asks about each character whether it is sought, on its locals: the goal,
// what is sought, the text, the byte where the walk is, and how many were found.
class Walk {
 public:
  explicit Walk(absl::Span<Value> locals) : locals_(locals) {}

  static std::vector<Value> Locals(Goal goal, Value sought, Value text) {
    const bool backward = goal == kIndexRight || goal == kTrimRight;
    return {Value::Fixnum(goal), sought, text,
            Value::Fixnum(backward ? static_cast<int64_t>(text.text().size()) : 0),
            Value::Fixnum(0)};
  }

  Value sought() const { return locals_[1]; }
  // The character to ask about; nullopt at the end.
  std::optional<char32_t> Current() const {
    if (at() == (IsBackward() ? 0 : text().size())) return std::nullopt;
    size_t begin = Begin();
    return NextCharacter(text(), begin);
  }
  // Takes the answer about it. What is left to do, or the result.
  std::optional<Value> Answer(Heap& heap, bool found) {
    switch (goal()) {
      case kIndex:
      case kIndexRight:
        if (found) {
          return heap.Integer(static_cast<int64_t>(CharacterCount(text().substr(0, Begin()))));
        }
        break;
      case kCount:
        if (found) locals_[4] = Value::Fixnum(locals_[4].as_int() + 1);
        break;
      case kTrim:
        if (!found) {
          const std::vector<Value> rest = Locals(kTrimRight, sought(), Trimmed(heap));
          std::copy(rest.begin(), rest.end(), locals_.begin());
          return std::nullopt;
        }
        break;
      case kTrimLeft:
      case kTrimRight:
        if (!found) return Trimmed(heap);
    }
    size_t to = Begin();
    if (!IsBackward()) NextCharacter(text(), to);
    locals_[3] = Value::Fixnum(static_cast<int64_t>(to));
    return std::nullopt;
  }
  // The result when there is nothing left to ask about.
  Value End(Heap& heap) const {
    if (goal() == kIndex || goal() == kIndexRight) return Value::Bool(false);
    return goal() == kCount ? locals_[4] : Trimmed(heap);
  }

 private:
  Goal goal() const { return static_cast<Goal>(locals_[0].as_int()); }
  absl::string_view text() const { return locals_[2].text(); }
  size_t at() const { return static_cast<size_t>(locals_[3].as_int()); }
  bool IsBackward() const { return goal() == kIndexRight || goal() == kTrimRight; }
  // Where the current character begins.
  size_t Begin() const {
    size_t begin = at();
    if (!IsBackward()) return begin;
    do --begin;
    while (ContinuesCharacter(text()[begin]));
    return begin;
  }
  Value Trimmed(Heap& heap) const {
    return heap.String(std::string(IsBackward() ? text().substr(0, at()) : text().substr(at())));
  }

  absl::Span<Value> locals_;
};

EvalResult ResumeWalk(CallContext& ctx, absl::Span<Value> locals, Value answer);

EvalResult ContinueWalk(CallContext& ctx, absl::Span<Value> locals) {
  Walk walk(locals);
  for (;;) {
    const std::optional<char32_t> c = walk.Current();
    if (!c) return walk.End(ctx.heap());
    if (walk.sought().is_procedure()) {
      return ctx.CallThen(walk.sought(), {Value::Char(*c)}, locals, ResumeWalk);
    }
    std::optional<Value> result = walk.Answer(ctx.heap(), IsSought(walk.sought(), *c));
    if (result) return *result;
  }
}

EvalResult ResumeWalk(CallContext& ctx, absl::Span<Value> locals, Value answer) {
  if (auto result = Walk(locals).Answer(ctx.heap(), answer.is_true())) return *result;
  return ContinueWalk(ctx, locals);
}

template <Goal kGoal>
EvalResult BeginWalk(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args, 0, 1)) return *error;
  if (args.size() > 1) {
    if (MaybeError error = ExpectSought(ctx, args, 1)) return *error;
  }
  std::vector<Value> locals = Walk::Locals(kGoal, args.size() > 1 ? args[1] : Value(), args[0]);
  return ContinueWalk(ctx, absl::MakeSpan(locals));
}

// string-map and string-for-each. Locals: the procedure; its results, last first; each text with
// the byte where it goes on.
constexpr size_t kProcedure = 0, kResults = 1, kTexts = 2;

EvalResult TextOfResults(CallContext& ctx, Value results) {
  const size_t count = *ListLength(results);
  if (!ctx.Charge(count)) return ctx.OutOfSteps();
  if (!ctx.Fits(count)) return ctx.OutOfMemory();
  std::vector<char32_t> characters;
  for (; results.is_pair(); results = results.cdr()) characters.push_back(results.car().as_char());
  std::string text;
  for (size_t i = characters.size(); i > 0; --i) AppendUtf8(characters[i - 1], &text);
  return ctx.heap().String(std::move(text));
}

// Calls the procedure with the next character of each text, until one has no more.
EvalResult NextOfMap(CallContext& ctx, absl::Span<Value> locals, ResumeFunction resume) {
  std::vector<Value> characters;
  for (size_t i = kTexts; i < locals.size(); i += 2) {
    const absl::string_view text = locals[i].text();
    size_t at = static_cast<size_t>(locals[i + 1].as_int());
    if (at == text.size()) return TextOfResults(ctx, locals[kResults]);
    characters.push_back(Value::Char(NextCharacter(text, at)));
    locals[i + 1] = Value::Fixnum(static_cast<int64_t>(at));
  }
  return ctx.CallThen(locals[kProcedure], characters, locals, resume);
}

EvalResult ResumeMap(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (!result.is_char()) {
    return ctx.Error(ctx.ArgSpan(0), absl::StrCat("string-map: expected a procedure that gives "
                                                  "char, it gave ",
                                                  result.type_name()));
  }
  locals[kResults] = ctx.heap().Cons(result, locals[kResults]);
  return NextOfMap(ctx, locals, ResumeMap);
}

EvalResult ResumeForEach(CallContext& ctx, absl::Span<Value> locals, Value) {
  const EvalResult next = NextOfMap(ctx, locals, ResumeForEach);
  return next.ok() ? EvalResult(Value::Nil()) : next;
}

MaybeError BeginMap(CallContext& ctx, Args args, std::vector<Value>* locals) {
  if (MaybeError error = ExpectStrings(ctx, args, 1)) return error;
  if (MaybeError error = WantProcedure(ctx, args, 0)) return error;
  *locals = {args[0], Value::Nil()};
  for (Value text : args.subspan(1)) {
    locals->push_back(text);
    locals->push_back(Value::Fixnum(0));
  }
  return std::nullopt;
}

EvalResult StringMap(CallContext& ctx, Args args) {
  std::vector<Value> locals;
  if (MaybeError error = BeginMap(ctx, args, &locals)) return *error;
  return NextOfMap(ctx, absl::MakeSpan(locals), ResumeMap);
}

EvalResult StringForEach(CallContext& ctx, Args args) {
  std::vector<Value> locals;
  if (MaybeError error = BeginMap(ctx, args, &locals)) return *error;
  return ResumeForEach(ctx, absl::MakeSpan(locals), Value());
}

constexpr Builtin kRows[] = {
    {"string-index", "text:string sought:char|string|procedure -> int|bool", BeginWalk<kIndex>,
     "The number of the first character of TEXT that is SOUGHT: a character, any of those in a "
     "string, or what a predicate says; `#f` when there is none.",
     R"((string-index "key=value" #\=) => 3
(string-index "key: value" "=:") => 3
(string-index "v12" char-numeric?) => 1
(string-index "abc" #\x) => #f)",
     1},
    {"string-index-right", "text:string sought:char|string|procedure -> int|bool",
     BeginWalk<kIndexRight>, "As `string-index`, but the last one.",
     R"((string-index-right "host:5000/web:1" #\:) => 13)", 1},
    {"string-count", "text:string sought:char|string|procedure -> int", BeginWalk<kCount>,
     "How many characters of TEXT are SOUGHT, see `string-index`.",
     R"((string-count "banana" #\a) => 3
(string-count "a1b22" char-numeric?) => 3)",
     1},
    {"string-trim", "text:string [sought:char|string|procedure] -> string", BeginWalk<kTrim>,
     "TEXT without the white space around it; or without the characters around it that are "
     "SOUGHT, see `string-index`.",
     R"((string-trim "  a b \n") => "a b"
(string-trim "--a--" #\-) => "a"
(string-trim "/a./" "/.") => "a")",
     1},
    {"string-trim-left", "text:string [sought:char|string|procedure] -> string",
     BeginWalk<kTrimLeft>, "As `string-trim`, but only what TEXT begins with.",
     R"((string-trim-left "  a ") => "a ")", 1},
    {"string-trim-right", "text:string [sought:char|string|procedure] -> string",
     BeginWalk<kTrimRight>, "As `string-trim`, but only what TEXT ends with.",
     R"((string-trim-right "a/b//" #\/) => "a/b")", 1},
    {"string-map", "procedure:procedure text:string text:string... -> string", StringMap,
     "The characters that PROCEDURE gives for each character of TEXT. With several texts, it gets "
     "one of each, until the shortest has no more.",
     R"((string-map char-upcase "abc") => "ABC"
(string-map (lambda (a b) (if (char<? a b) a b)) "adc" "bbbb") => "abb")",
     1},
    {"string-for-each", "procedure:procedure text:string text:string... -> nil", StringForEach,
     "Calls PROCEDURE with each character of TEXT, from left to right. With several texts, it gets "
     "one of each, until the shortest has no more.",
     R"((string-for-each char-upcase "abc") => ())", 1},
};

}  // namespace

BuiltinTable StringWalkBuiltins() {
  return {"Strings: character by character",
          "Where a procedure takes SOUGHT, it is a character, a string of several, or a predicate.",
          kRows};
}

}  // namespace pelagos::reml
