// Finding elements of lists: by equality, by predicate, by key.
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/hash_table.h"
#include "pelagos/reml/list_calls.h"

namespace pelagos::reml {
namespace {

// Which equality a procedure compares with; nullopt: fail with OutOfSteps().
using Equality = std::optional<bool> (*)(CallContext& ctx, Value a, Value b);

std::optional<bool> ChargedSame(CallContext& ctx, Value a, Value b) {
  const bool texts = a.is_string() && b.is_string();
  if (!ctx.Charge(1 + (texts ? a.text().size() / 64 : 0))) return std::nullopt;
  return Same(a, b);
}

// The part of the list in argument `index` that begins with the first element that `matches`.
// `matches` gets a pair of the list and returns a boolean or a failure. #f: there is none.
template <typename Matches>
EvalResult Search(CallContext& ctx, Args args, size_t index, Matches matches) {
  Value rest = args[index];
  for (; rest.is_pair(); rest = rest.cdr()) {
    const EvalResult found = matches(rest);
    if (!found.ok()) return found;
    if (found.value().is_true()) return rest;
  }
  if (!rest.is_nil()) return Improper(ctx, index);
  return Value::Bool(false);
}

EvalResult NoEntry(CallContext& ctx, Value rest, size_t index) {
  return ctx.Error(ElementSpan(ctx, rest, index),
                   absl::StrCat("car: expected pair, got ", rest.car().type_name()),
                   "an association list has pairs (KEY . VALUE)");
}

template <Equality kEqual>
EvalResult FindMember(CallContext& ctx, Args args) {
  return Search(ctx, args, 1, [&](Value rest) -> EvalResult {
    const std::optional<bool> equal = kEqual(ctx, args[0], rest.car());
    return equal ? EvalResult(Value::Bool(*equal)) : ctx.OutOfSteps();
  });
}

template <Equality kEqual>
EvalResult FindEntry(CallContext& ctx, Args args) {
  const EvalResult found = Search(ctx, args, 1, [&](Value rest) -> EvalResult {
    if (!rest.car().is_pair()) return NoEntry(ctx, rest, 1);
    const std::optional<bool> equal = kEqual(ctx, args[0], rest.car().car());
    return equal ? EvalResult(Value::Bool(*equal)) : ctx.OutOfSteps();
  });
  return found.ok() && found.value().is_pair() ? EvalResult(found.value().car()) : found;
}

// member and assoc with an equality of the program's. Locals: the procedure, what to look for, the
// rest of the list.
template <bool kEntries>
EvalResult CompareNext(CallContext& ctx, absl::Span<Value> locals);

template <bool kEntries>
EvalResult ResumeCompare(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const Value rest = locals[kRests];
  if (result.is_true()) return kEntries ? rest.car() : rest;
  locals[kRests] = rest.cdr();
  return CompareNext<kEntries>(ctx, locals);
}

template <bool kEntries>
EvalResult CompareNext(CallContext& ctx, absl::Span<Value> locals) {
  const Value rest = locals[kRests];
  if (!rest.is_pair()) return Value::Bool(false);
  if (kEntries && !rest.car().is_pair()) return NoEntry(ctx, rest, 1);
  const Value element = kEntries ? rest.car().car() : rest.car();
  return ctx.CallThen(locals[kProcedure], {locals[kOwn], element}, locals, ResumeCompare<kEntries>,
                      {Span(), reml::CarSpan(rest)});
}

template <bool kEntries>
EvalResult CompareAll(CallContext& ctx, Args args) {
  if (auto error = WantProcedure(ctx, args, 2)) return *error;
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 1, &length)) return *error;
  Value locals[] = {args[2], args[0], args[1]};
  return CompareNext<kEntries>(ctx, absl::MakeSpan(locals));
}

EvalResult Member(CallContext& ctx, Args args) {
  return args.size() > 2 ? CompareAll<false>(ctx, args) : FindMember<ChargedEqual>(ctx, args);
}
EvalResult Assoc(CallContext& ctx, Args args) {
  return args.size() > 2 ? CompareAll<true>(ctx, args) : FindEntry<ChargedEqual>(ctx, args);
}

// Only strings are keys, as in the original.
EvalResult ResultRef(CallContext& ctx, Args args) {
  const auto expected = [&](Span span, Value got) {
    return ctx.Error(span, absl::StrCat("string=?: expected string, got ", got.type_name()));
  };
  const EvalResult found = Search(ctx, args, 0, [&](Value rest) -> EvalResult {
    if (!ctx.Charge(1)) return ctx.OutOfSteps();
    if (!rest.car().is_pair()) return NoEntry(ctx, rest, 0);
    if (!args[1].is_string()) return expected(ctx.ArgSpan(1), args[1]);
    const Value key = rest.car().car();
    if (!key.is_string()) return expected(ElementSpan(ctx, rest.car(), 0), key);
    return Value::Bool(key.text() == args[1].text());
  });
  if (!found.ok()) return found;
  if (found.value().is_pair()) return found.value().car().cdr();
  std::string key;
  if (!DisplayTo(args[1], &key, ctx.heap().limit())) return ctx.OutOfMemory();
  return ctx.Error(ctx.ArgSpan(1), absl::StrCat("result-ref: no result for '", key, "'"));
}

// find, find-tail, any, every, list-index
EvalResult ResumeFind(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (result.is_true()) return locals[kRests].car();
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeFind);
  return Value::Bool(false);
}
EvalResult ResumeFindTail(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (result.is_true()) return locals[kRests];
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeFindTail);
  return Value::Bool(false);
}
EvalResult ResumeAny(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (result.is_true()) return result;
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeAny);
  return Value::Bool(false);
}
EvalResult ResumeEvery(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (result.is_true() && NextElements(locals)) return CallWithElements(ctx, locals, ResumeEvery);
  return result;
}
// Its own value is the index.
EvalResult ResumeIndex(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (result.is_true()) return locals[kOwn];
  locals[kOwn] = Value::Fixnum(locals[kOwn].as_int() + 1);
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeIndex);
  return Value::Bool(false);
}
// Its own value is the count.
EvalResult ResumeCount(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (result.is_true()) locals[kOwn] = Value::Fixnum(locals[kOwn].as_int() + 1);
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeCount);
  return locals[kOwn];
}

template <ResumeFunction kResume>
EvalResult Test(CallContext& ctx, Args args) {
  return CallWithLists(ctx, args, Lengths::kAny, Value::Bool(false), kResume, Value::Bool(false));
}
EvalResult Every(CallContext& ctx, Args args) {
  return CallWithLists(ctx, args, Lengths::kAny, Value::Nil(), ResumeEvery, Value::Bool(true));
}
template <ResumeFunction kResume>
EvalResult TestCounting(CallContext& ctx, Args args) {
  const Value empty = kResume == ResumeCount ? Value::Fixnum(0) : Value::Bool(false);
  return CallWithLists(ctx, args, Lengths::kAny, Value::Fixnum(0), kResume, empty);
}

// delete with an equality of the program's: calls (SAME? x element).
EvalResult DeleteNext(CallContext& ctx, absl::Span<Value> locals);
EvalResult ResumeDelete(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const Value rest = locals[kRests];
  if (!result.is_true()) {
    locals[kOwn + 2] = ctx.heap().Cons(rest.car(), locals[kOwn + 2], reml::CarSpan(rest));
  }
  locals[kRests] = rest.cdr();
  return DeleteNext(ctx, locals);
}
EvalResult DeleteNext(CallContext& ctx, absl::Span<Value> locals) {
  const Value rest = locals[kRests];
  if (!rest.is_pair()) return TurnRound(ctx, locals[kOwn + 2]);
  return ctx.CallThen(locals[kProcedure], {locals[kOwn], rest.car()}, locals, ResumeDelete,
                      {Span(), reml::CarSpan(rest)});
}

EvalResult Delete(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 1, &length)) return *error;
  if (args.size() > 2) {
    if (auto error = WantProcedure(ctx, args, 2)) return *error;
    Value locals[] = {args[2], args[0], args[1], Value::Nil()};
    return DeleteNext(ctx, absl::MakeSpan(locals));
  }
  if (!ctx.Fits(length * sizeof(Pair))) return ctx.OutOfMemory();
  ListBuilder kept(ctx.heap());
  for (Value rest = args[1]; rest.is_pair(); rest = rest.cdr()) {
    const std::optional<bool> equal = ChargedEqual(ctx, args[0], rest.car());
    if (!equal) return ctx.OutOfSteps();
    if (!*equal) kept.Add(rest.car(), reml::CarSpan(rest));
  }
  return kept.Finish(ctx.CallSpan());
}

// delete-duplicates with an equality of the program's: every element is compared with those that
// were kept. Locals: the procedure, those kept (last first), the rest of the list, the rest of
// those kept.
EvalResult ResumeUnique(CallContext& ctx, absl::Span<Value> locals, Value result) {
  constexpr size_t kCompared = kRests + 1;
  Value& rest = locals[kRests];
  locals[kCompared] = result.is_true() ? Value::Unbound() : locals[kCompared].cdr();
  while (!locals[kCompared].is_pair()) {
    if (locals[kCompared].is_nil()) {  // like none of them
      locals[kOwn] = ctx.heap().Cons(rest.car(), locals[kOwn], reml::CarSpan(rest));
    }
    rest = rest.cdr();
    if (!rest.is_pair()) return TurnRound(ctx, locals[kOwn]);
    locals[kCompared] = locals[kOwn];
  }
  return ctx.CallThen(locals[kProcedure], {locals[kCompared].car(), rest.car()}, locals,
                      ResumeUnique);
}

EvalResult DeleteDuplicates(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 0, &length)) return *error;
  if (length == 0) return Value::Nil();
  if (args.size() > 1) {
    if (auto error = WantProcedure(ctx, args, 1)) return *error;
    const Value first = ctx.heap().Cons(args[0].car(), Value::Nil(), reml::CarSpan(args[0]));
    if (length == 1) return first;
    Value locals[] = {args[1], first, args[0].cdr(), first};
    return ctx.CallThen(args[1], {args[0].car(), args[0].cdr().car()}, locals, ResumeUnique);
  }
  constexpr size_t kEntryBytes = 2 * sizeof(Pair) + 32;
  if (!ctx.Fits(length * kEntryBytes)) return ctx.OutOfMemory();
  HashTable& seen = *HashTable::From(HashTable::Make(ctx.heap()));
  ListBuilder kept(ctx.heap());
  for (Value rest = args[0]; rest.is_pair(); rest = rest.cdr()) {
    uint64_t work = 0;
    const size_t before = seen.size();
    seen.Set(rest.car(), Value::Nil(), &work);
    if (!ctx.Charge(work)) return ctx.OutOfSteps();
    if (work >= HashTable::kMostWork) {
      return ctx.Error(ElementSpan(ctx, rest, 0),
                       "delete-duplicates: element too large to compare");
    }
    if (seen.size() != before) kept.Add(rest.car(), reml::CarSpan(rest));
  }
  return kept.Finish(ctx.CallSpan());
}

constexpr absl::string_view kIntro =
    "A predicate holds when it returns anything but `#f`. An association list is a list of pairs "
    "(KEY . VALUE).";

constexpr Builtin kRows[] = {
    {"memq", "x:any list:list -> list|bool", FindMember<ChargedSame>,
     "The part of LIST that begins with the first element that is `eq?` to X; `#f` when there is "
     "none.",
     "(memq 'b '(a b c)) => (b c)\n(memq 'd '(a b c)) => #f", 1},
    {"memv", "x:any list:list -> list|bool", FindMember<ChargedSame>, "The same as `memq`.",
     "(memv 2 '(1 2 3)) => (2 3)", 1},
    {"member", "x:any list:list [same:procedure] -> list|bool", Member,
     "The part of LIST that begins with the first element that is `equal?` to X, or for which "
     "(SAME X ELEMENT) holds; `#f` when there is none.",
     "(member '(1) '(0 (1) 2)) => ((1) 2)\n(member 2 '(1 3 5) <) => (3 5)\n(member 1 5) !! not a "
     "proper list",
     1},
    {"assq", "key:any alist:list<pair> -> pair|bool", FindEntry<ChargedSame>,
     "The first pair of ALIST whose key is `eq?` to KEY; `#f` when there is none.",
     "(assq 'b '((a . 1) (b . 2))) => (b . 2)\n(assq 'c '((a . 1))) => #f", 1},
    {"assv", "key:any alist:list<pair> -> pair|bool", FindEntry<ChargedSame>, "The same as `assq`.",
     "(assv 2 '((1 . one) (2 . two))) => (2 . two)"},
    {"assoc", "key:any alist:list<pair> [same:procedure] -> pair|bool", Assoc,
     "The first pair of ALIST whose key is `equal?` to KEY, or for which (SAME KEY ITS-KEY) holds; "
     "`#f` when there is none. The original took only strings as keys.",
     "(assoc \"b\" '((\"a\" . 1) (\"b\" . 2))) => (\"b\" . 2)\n(assoc '(1) '(((1) . x))) => ((1) . "
     "x)\n(assoc 2.5 '((1 . a) (3 . b)) <) => (3 . b)"},
    {"result-ref", "alist:list<pair> key:string -> any", ResultRef,
     "The value of the first pair of ALIST whose key is the string KEY. That there is none is an "
     "error.",
     "(result-ref '((\"db\" . 1)) \"db\") => 1\n(result-ref '((\"db\" . 1)) \"web\") !! "
     "result-ref: no result for 'web'"},
    {"find", "predicate:procedure list:list -> any", Test<ResumeFind>,
     "The first element for which PREDICATE holds; `#f` when there is none.",
     "(find even? '(1 2 3 4)) => 2\n(find even? '(1 3)) => #f", 1},
    {"find-tail", "predicate:procedure list:list -> list|bool", Test<ResumeFindTail>,
     "The part of LIST that begins with the first element for which PREDICATE holds; `#f` when "
     "there is none.",
     "(find-tail even? '(1 2 3)) => (2 3)", 1},
    {"list-index", "predicate:procedure list:list list:list... -> int|bool",
     TestCounting<ResumeIndex>,
     "The index of the first elements for which PREDICATE holds, which counts from 0; `#f` when "
     "there are none.",
     "(list-index even? '(1 3 4)) => 2\n(list-index < '(1 2) '(1 3)) => 1\n(list-index even? '()) "
     "=> #f",
     1},
    {"any", "predicate:procedure list:list list:list... -> any", Test<ResumeAny>,
     "What PREDICATE returns for the first elements for which it holds; `#f` when there are none. "
     "It ends with the shortest LIST.",
     "(any even? '(1 2)) => #t\n(any (lambda (x) (and (even? x) (* 10 x))) '(1 2)) => 20\n(any "
     "even? '()) => #f",
     1},
    {"every", "predicate:procedure list:list list:list... -> any", Every,
     "Whether PREDICATE holds for all elements: what it returns for the last, or `#f`. For `()` it "
     "is `#t`. It ends with the shortest LIST.",
     "(every even? '(2 4)) => #t\n(every < '(1 2) '(2 2)) => #f\n(every even? '()) => #t", 1},
    {"count", "predicate:procedure list:list list:list... -> int", TestCounting<ResumeCount>,
     "For how many elements PREDICATE holds. It ends with the shortest LIST.",
     "(count even? '(1 2 4)) => 2", 1},
    {"delete", "x:any list:list [same:procedure] -> list", Delete,
     "A list of the elements that are not `equal?` to X, or for which (SAME X ELEMENT) does not "
     "hold.",
     "(delete 2 '(1 2 3 2)) => (1 3)\n(delete 2 '(1 2 3) <) => (1 2)", 1},
    {"delete-duplicates", "list:list [same:procedure] -> list", DeleteDuplicates,
     "A list of the elements that are not `equal?` to one before them, or for which (SAME "
     "ONE-BEFORE ELEMENT) does not hold.",
     "(delete-duplicates '(1 2 1.0 (3) (3))) => (1 2 (3))\n(delete-duplicates '(1 5 2 7) <) => (1)",
     1},
};

}  // namespace

BuiltinTable SearchBuiltins() { return {"Searching lists", kIntro, kRows}; }

}  // namespace pelagos::reml
