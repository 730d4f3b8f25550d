// Regular expressions, by RE2: the time that they take grows with the text, whatever the pattern.
#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/text.h"
#include "pelagos/reml/text_arguments.h"

namespace pelagos::reml {
namespace {

// What one pattern may take: its program, and what matching remembers. A `regex` value counts for
// a part of it, since few grow so large.
constexpr int64_t kMostMemory = int64_t{1} << 20;
constexpr size_t kCountedMemory = kMostMemory / 4;
// The work of compiling a pattern that turns out to be bad or too large.
constexpr uint64_t kCompileSteps = 256;

re2::StringPiece Piece(absl::string_view text) { return {text.data(), text.size()}; }
absl::string_view View(re2::StringPiece piece) { return {piece.data(), piece.size()}; }

// A compiled pattern as a value.
class Regex final : public Foreign {
 public:
  explicit Regex(std::unique_ptr<const RE2> re) : re_(std::move(re)) {}
  const RE2& re() const { return *re_; }
  absl::string_view type_name() const override { return "regex"; }
  void Print(std::string* out) const override {
    absl::StrAppend(out, "#<regex:", re_->pattern(), ">");
  }

 private:
  const std::unique_ptr<const RE2> re_;
};

MaybeError Compile(CallContext& ctx, size_t index, absl::string_view pattern,
                   std::unique_ptr<const RE2>* compiled) {
  if (!ctx.Charge(kCompileSteps + pattern.size())) return ctx.OutOfSteps();
  if (!ctx.Fits(kCountedMemory)) return ctx.OutOfMemory();
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  auto re = std::make_unique<const RE2>(Piece(pattern), options);
  if (!re->ok()) {
    const std::string hint = re->error_code() == RE2::ErrorBadPerlOp
                                 ? "there is no look-around; a group with a name is (?P<name>...)"
                             : re->error_code() == RE2::ErrorBadEscape
                                 ? "there are no back-references"
                                 : "";
    return ctx.Error(ctx.ArgSpan(index), absl::StrCat(ctx.name(), ": bad pattern: ", re->error()),
                     hint);
  }
  if (!ctx.Charge(static_cast<uint64_t>(re->ProgramSize()))) return ctx.OutOfSteps();
  *compiled = std::move(re);
  return std::nullopt;
}

// The pattern of a call: a `regex`, or a string that is compiled for this call.
class Pattern {
 public:
  MaybeError Take(CallContext& ctx, Args args, size_t index) {
    if (const Regex* regex = args[index].foreign<Regex>()) {
      re_ = &regex->re();
      return std::nullopt;
    }
    if (!args[index].is_string()) return ctx.TypeError(index, "string or regex", args[index]);
    if (auto error = Compile(ctx, index, args[index].text(), &owned_)) return error;
    re_ = owned_.get();
    return std::nullopt;
  }
  const RE2& re() const { return *re_; }

 private:
  std::unique_ptr<const RE2> owned_;
  const RE2* re_ = nullptr;
};

// Counts the work of one search: a larger program may take longer for each byte.
bool ChargeSearch(CallContext& ctx, const RE2& re, size_t bytes) {
  const uint64_t weight = 1 + static_cast<uint64_t>(re.ProgramSize()) / 16;
  return ctx.Charge(1 + bytes / kBytesPerStep * weight);
}

// The matches of a pattern in a text, from left to right. An empty match right behind another one
// is none.
class Matches {
 public:
  Matches(const RE2& re, absl::string_view text)
      : re_(re), text_(text), groups_(static_cast<size_t>(re.NumberOfCapturingGroups()) + 1) {}

  // The next match from `at` on; `last_end` is where the last one ended.
  void GoOnFrom(size_t at, std::optional<size_t> last_end) {
    at_ = at;
    last_end_ = last_end;
  }

  // Goes to the next match; false: there is none. An error is left in `error`.
  bool Next(CallContext& ctx, MaybeError* error) {
    while (at_ <= text_.size()) {
      if (!ChargeSearch(ctx, re_, text_.size() - at_)) {
        *error = ctx.OutOfSteps();
        return false;
      }
      if (!re_.Match(Piece(text_), at_, text_.size(), RE2::UNANCHORED, groups_.data(),
                     static_cast<int>(groups_.size()))) {
        return false;
      }
      if (!groups_[0].empty() || begin() != last_end_) {
        at_ = end();
        last_end_ = at_;
        return true;
      }
      if (at_ == text_.size()) return false;
      NextCharacter(text_, at_);
    }
    return false;
  }

  size_t begin() const { return static_cast<size_t>(groups_[0].data() - text_.data()); }
  size_t end() const { return begin() + groups_[0].size(); }
  const std::vector<re2::StringPiece>& groups() const { return groups_; }

  // The whole match and its groups; #f for those that took no part.
  MaybeError List(CallContext& ctx, Value* list) const {
    const size_t bytes = groups_.size() * (sizeof(Pair) + sizeof(StringObject));
    if (!ctx.Charge(groups_.size())) return ctx.OutOfSteps();
    if (!ctx.Fits(bytes + groups_[0].size() * groups_.size())) return ctx.OutOfMemory();
    ListBuilder builder(ctx.heap());
    for (re2::StringPiece group : groups_) {
      builder.Add(group.data() == nullptr ? Value::Bool(false)
                                          : ctx.heap().String(std::string(View(group))),
                  ctx.CallSpan());
    }
    *list = builder.Finish(ctx.CallSpan());
    return std::nullopt;
  }

 private:
  const RE2& re_;
  const absl::string_view text_;
  size_t at_ = 0;
  std::optional<size_t> last_end_;
  std::vector<re2::StringPiece> groups_;
};

EvalResult MakeRegex(CallContext& ctx, Args args) {
  if (args[0].foreign<Regex>() != nullptr) return args[0];
  if (!args[0].is_string()) return ctx.TypeError(0, "string", args[0]);
  std::unique_ptr<const RE2> re;
  if (auto error = Compile(ctx, 0, args[0].text(), &re)) return *error;
  return ctx.heap().NewForeign(std::make_unique<const Regex>(std::move(re)), kCountedMemory);
}

EvalResult IsRegex(CallContext&, Args args) {
  return Value::Bool(args[0].foreign<Regex>() != nullptr);
}

EvalResult Quote(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().String(RE2::QuoteMeta(Piece(args[0].text())));
}

EvalResult DoesMatch(CallContext& ctx, Args args) {
  Pattern pattern;
  if (MaybeError error = pattern.Take(ctx, args, 0)) return *error;
  if (MaybeError error = ExpectStrings(ctx, args, 1)) return *error;
  const absl::string_view text = args[1].text();
  if (!ChargeSearch(ctx, pattern.re(), text.size())) return ctx.OutOfSteps();
  return Value::Bool(pattern.re().Match(Piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0));
}

EvalResult Match(CallContext& ctx, Args args) {
  Pattern pattern;
  MaybeError error = pattern.Take(ctx, args, 0);
  if (!error) error = ExpectStrings(ctx, args, 1);
  if (error) return *error;
  Matches matches(pattern.re(), args[1].text());
  Value list = Value::Bool(false);
  if (matches.Next(ctx, &error)) error = matches.List(ctx, &list);
  return error ? *error : list;
}

EvalResult MatchAll(CallContext& ctx, Args args) {
  Pattern pattern;
  MaybeError error = pattern.Take(ctx, args, 0);
  if (!error) error = ExpectStrings(ctx, args, 1);
  if (error) return *error;
  Matches matches(pattern.re(), args[1].text());
  ListBuilder all(ctx.heap());
  while (matches.Next(ctx, &error)) {
    Value list;
    if ((error = matches.List(ctx, &list))) break;
    all.Add(list, ctx.CallSpan());
  }
  return error ? *error : all.Finish(ctx.CallSpan());
}

EvalResult Split(CallContext& ctx, Args args) {
  Pattern pattern;
  MaybeError error = pattern.Take(ctx, args, 0);
  if (!error) error = ExpectStrings(ctx, args, 1);
  if (error) return *error;
  const absl::string_view text = args[1].text();
  if (text.empty()) return Value::Nil();
  Matches matches(pattern.re(), text);
  std::vector<absl::string_view> pieces;
  size_t begin = 0;
  while (matches.Next(ctx, &error)) {
    // Nothing is between the text and its ends.
    if (matches.groups()[0].empty() && (matches.end() == 0 || matches.end() == text.size())) {
      continue;
    }
    pieces.push_back(text.substr(begin, matches.begin() - begin));
    begin = matches.end();
  }
  if (error) return *error;
  pieces.push_back(text.substr(begin));
  return ListOfStrings(ctx, pieces);
}

// Replacing by what a procedure gives. Locals: the regex, the text, the procedure, where the text
// goes on, the pieces of the result so far, last first, and whether to go on after the first.
constexpr size_t kRegex = 0, kText = 1, kProcedure = 2, kAt = 3, kPieces = 4, kAll = 5;

Value TextPiece(CallContext& ctx, absl::string_view piece, Value pieces) {
  return ctx.heap().Cons(ctx.heap().String(std::string(piece)), pieces);
}

EvalResult FinishReplace(CallContext& ctx, absl::Span<const Value> locals) {
  const absl::string_view rest =
      locals[kText].text().substr(static_cast<size_t>(locals[kAt].as_int()));
  std::vector<absl::string_view> pieces = {rest};
  size_t bytes = rest.size();
  for (Value piece = locals[kPieces]; piece.is_pair(); piece = piece.cdr()) {
    pieces.push_back(piece.car().text());
    bytes += pieces.back().size();
  }
  if (!ctx.Charge(pieces.size() + bytes / kBytesPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(bytes)) return ctx.OutOfMemory();
  std::string out;
  out.reserve(bytes);
  for (size_t i = pieces.size(); i > 0; --i) absl::StrAppend(&out, pieces[i - 1]);
  return ctx.heap().String(std::move(out));
}

EvalResult ResumeReplace(CallContext& ctx, absl::Span<Value> locals, Value result);

EvalResult ReplaceNext(CallContext& ctx, absl::Span<Value> locals, bool first) {
  const absl::string_view text = locals[kText].text();
  const size_t at = static_cast<size_t>(locals[kAt].as_int());
  Matches matches(locals[kRegex].foreign<Regex>()->re(), text);
  matches.GoOnFrom(at, first ? std::nullopt : std::optional<size_t>(at));
  MaybeError error;
  if (!matches.Next(ctx, &error)) return error ? *error : FinishReplace(ctx, locals);
  Value list;
  if ((error = matches.List(ctx, &list))) return *error;
  locals[kPieces] = TextPiece(ctx, text.substr(at, matches.begin() - at), locals[kPieces]);
  locals[kAt] = Value::Fixnum(static_cast<int64_t>(matches.end()));
  return ctx.CallThen(locals[kProcedure], {list}, locals, ResumeReplace);
}

EvalResult ResumeReplace(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (!result.is_string()) {
    return ctx.Error(ctx.ArgSpan(2), absl::StrCat(ctx.name(),
                                                  ": expected a procedure that gives "
                                                  "string, it gave ",
                                                  result.type_name()));
  }
  locals[kPieces] = ctx.heap().Cons(result, locals[kPieces]);
  if (!locals[kAll].is_true()) return FinishReplace(ctx, locals);
  return ReplaceNext(ctx, locals, false);
}

EvalResult Replace(CallContext& ctx, Args args, bool all) {
  MaybeError error = ExpectStrings(ctx, args, 1, 1);
  if (error) return *error;
  if (args[2].is_procedure()) {
    const EvalResult regex = MakeRegex(ctx, args.subspan(0, 1));
    if (!regex.ok()) return regex;
    Value locals[] = {regex.value(),    args[1],      args[2],
                      Value::Fixnum(0), Value::Nil(), Value::Bool(all)};
    return ReplaceNext(ctx, absl::MakeSpan(locals), true);
  }
  if (!args[2].is_string()) return ctx.TypeError(2, "string or procedure", args[2]);
  Pattern pattern;
  if ((error = pattern.Take(ctx, args, 0))) return *error;
  const absl::string_view text = args[1].text();
  const re2::StringPiece rewrite = Piece(args[2].text());
  std::string problem;
  if (!pattern.re().CheckRewriteString(rewrite, &problem)) {
    return ctx.Error(ctx.ArgSpan(2), absl::StrCat(ctx.name(), ": bad replacement: ", problem),
                     "\\0 is the whole match, \\1 the first group, and \\\\ one \\");
  }
  Matches matches(pattern.re(), text);
  std::string out;
  size_t done = 0;
  while (matches.Next(ctx, &error)) {
    absl::StrAppend(&out, text.substr(done, matches.begin() - done));
    pattern.re().Rewrite(&out, rewrite, matches.groups().data(),
                         static_cast<int>(matches.groups().size()));
    done = matches.end();
    if (!ctx.Fits(out.size())) return ctx.OutOfMemory();
    if (!all) break;
  }
  if (error) return *error;
  absl::StrAppend(&out, text.substr(done));
  if (!ctx.Charge(out.size() / kBytesPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(out.size())) return ctx.OutOfMemory();
  return ctx.heap().String(std::move(out));
}

EvalResult ReplaceAll(CallContext& ctx, Args args) { return Replace(ctx, args, true); }
EvalResult ReplaceFirst(CallContext& ctx, Args args) { return Replace(ctx, args, false); }

constexpr Builtin kRows[] = {
    {"regex", "pattern:string|regex -> regex", MakeRegex,
     "PATTERN, compiled. It can stand wherever a pattern can, and saves compiling it each time.",
     R"((regex-match? (regex "^v[0-9]+$") "v12") => #t
(regex "a(b") !! regex: bad pattern: missing ): a(b)",
     1},
    {"regex?", "x:any -> bool", IsRegex, "Whether X is a compiled pattern.",
     R"((regex? (regex "a")) => #t
(regex? "a") => #f)",
     1},
    {"regex-match?", "pattern:string|regex text:string -> bool", DoesMatch,
     "Whether PATTERN matches some part of TEXT.",
     R"x((regex-match? "(?i)error" "2 Errors") => #t
(regex-match? "^[a-z]+$" "web1") => #f)x",
     1},
    {"regex-match", "pattern:string|regex text:string -> list|bool", Match,
     "The first part of TEXT that PATTERN matches, and what its groups matched: a list of strings, "
     "with `#f` for a group that took no part. `#f` when PATTERN matches nowhere.",
     R"x((regex-match "([a-z]+):([0-9]+)" "image web:12") => ("web:12" "web" "12")
(regex-match "a|(b)" "a") => ("a" #f)
(regex-match "x" "abc") => #f)x",
     1},
    {"regex-match-all", "pattern:string|regex text:string -> list<list>", MatchAll,
     "All parts of TEXT that PATTERN matches, from left to right, each as `regex-match` gives it.",
     R"x((regex-match-all "([a-z])=([0-9])" "a=1 b=2") => (("a=1" "a" "1") ("b=2" "b" "2"))
(regex-match-all "x" "abc") => ())x",
     1},
    {"regex-replace", "pattern:string|regex text:string replacement:string|procedure -> string",
     ReplaceAll,
     "TEXT with REPLACEMENT in all places that PATTERN matches. In a string, `\\0` stands for the "
     "match and `\\1` to `\\9` for its groups. A procedure gets each match as `regex-match` gives "
     "it, and returns a string.",
     R"x((regex-replace "([a-z]+)-([a-z]+)" "web-db" "\\2-\\1") => "db-web"
(regex-replace "[0-9]+" "1 and 22" (lambda (m) (string-append "<" (car m) ">"))) => "<1> and <22>")x",
     1},
    {"regex-replace-first",
     "pattern:string|regex text:string replacement:string|procedure -> string", ReplaceFirst,
     "As `regex-replace`, but only in the first place.",
     R"x((regex-replace-first "a" "banana" "o") => "bonana")x", 1},
    {"regex-split", "pattern:string|regex text:string -> list<string>", Split,
     "The pieces of TEXT between the parts that PATTERN matches. An empty TEXT has no pieces.",
     R"x((regex-split " *[,;] *" "a , b;c") => ("a" "b" "c"))x", 1},
    {"regex-quote", "text:string -> string", Quote, "A pattern that matches TEXT and nothing else.",
     R"x((regex-match? (regex-quote "1.5") "145") => #f)x", 1},
};

}  // namespace

BuiltinTable RegexBuiltins() {
  return {
      "Regular expressions",
      "Patterns are written as for [RE2](https://github.com/google/re2/wiki/Syntax), in which "
      "no pattern takes very long; it has neither look-around nor back-references. Within a "
      "string of reml, `\\d` is written as it is, and the pattern for a backslash as `\\\\\\\\`. "
      "A pattern matches anywhere in the text unless `^` and `$` tie it to the ends.",
      kRows};
}

}  // namespace pelagos::reml
