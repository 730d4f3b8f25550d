// Procedures that call a procedure for every element of lists.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/list_calls.h"

namespace pelagos::reml {
namespace {

EvalResult Apply(CallContext& ctx, Args args) {
  std::vector<Value> all(args.begin() + 1, args.end() - 1);
  std::vector<Span> spans;
  for (size_t i = 1; i + 1 < args.size(); ++i) spans.push_back(ctx.ArgSpan(i));
  Value list = args.back();
  const Span whole = ctx.ArgSpan(args.size() - 1);
  for (; list.is_pair(); list = list.cdr()) {
    all.push_back(list.car());
    const Span span = reml::CarSpan(list);
    spans.push_back(span.known() ? span : whole);
  }
  if (!list.is_nil()) return Improper(ctx, args.size() - 1);
  if (!ctx.Charge(all.size())) return ctx.OutOfSteps();
  return ctx.TailCall(args[0], all, spans);
}

// map, filter and their like set aside what they have got so far, last first.
EvalResult ResumeMap(CallContext& ctx, absl::Span<Value> locals, Value result) {
  // A result is shown, when it must be, where the element that it was made of stands.
  locals[kOwn] = ctx.heap().Cons(result, locals[kOwn], reml::CarSpan(locals[kRests]));
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeMap);
  return TurnRound(ctx, locals[kOwn]);
}

EvalResult ResumeForEach(CallContext& ctx, absl::Span<Value> locals, Value) {
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeForEach);
  return Value::Nil();
}

EvalResult ResumeFilterMap(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (result.is_true()) {
    locals[kOwn] = ctx.heap().Cons(result, locals[kOwn], reml::CarSpan(locals[kRests]));
  }
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeFilterMap);
  return TurnRound(ctx, locals[kOwn]);
}

EvalResult ResumeAppendMap(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const std::optional<size_t> length = ListLength(result);
  if (!length) {
    const Span span = reml::CarSpan(locals[kRests]);
    return ctx.Error(span.known() ? span : ctx.CallSpan(),
                     absl::StrCat("append-map: expected list, got ", result.type_name()),
                     "that is what the procedure made of it");
  }
  if (!ctx.Charge(*length)) return ctx.OutOfSteps();
  if (!ctx.Fits(*length * 2 * sizeof(Pair))) return ctx.OutOfMemory();
  for (; result.is_pair(); result = result.cdr()) {
    locals[kOwn] = ctx.heap().Cons(result.car(), locals[kOwn], reml::CarSpan(result));
  }
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeAppendMap);
  return TurnRound(ctx, locals[kOwn]);
}

template <bool kWanted>
EvalResult ResumeFilter(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const Value rest = locals[kRests];
  if (result.is_true() == kWanted) {
    locals[kOwn] = ctx.heap().Cons(rest.car(), locals[kOwn], reml::CarSpan(rest));
  }
  if (NextElements(locals)) return CallWithElements(ctx, locals, ResumeFilter<kWanted>);
  return TurnRound(ctx, locals[kOwn]);
}

EvalResult Map(CallContext& ctx, Args args) {
  return CallWithLists(ctx, args, Lengths::kSame, Value::Nil(), ResumeMap, Value::Nil());
}
EvalResult ForEach(CallContext& ctx, Args args) {
  return CallWithLists(ctx, args, Lengths::kSame, Value::Nil(), ResumeForEach, Value::Nil());
}
EvalResult FilterMap(CallContext& ctx, Args args) {
  return CallWithLists(ctx, args, Lengths::kAny, Value::Nil(), ResumeFilterMap, Value::Nil());
}
EvalResult AppendMap(CallContext& ctx, Args args) {
  return CallWithLists(ctx, args, Lengths::kAny, Value::Nil(), ResumeAppendMap, Value::Nil());
}
EvalResult Filter(CallContext& ctx, Args args) {
  return CallWithLists(ctx, args, Lengths::kSame, Value::Nil(), ResumeFilter<true>, Value::Nil());
}
EvalResult Remove(CallContext& ctx, Args args) {
  return CallWithLists(ctx, args, Lengths::kSame, Value::Nil(), ResumeFilter<false>, Value::Nil());
}

// Locals: the procedure, the rest of the list.
EvalResult FoldLeftFrom(CallContext& ctx, absl::Span<Value> locals, Value accumulated) {
  const Value rest = locals[1];
  if (!rest.is_pair()) return accumulated;
  locals[1] = rest.cdr();
  return ctx.CallThen(locals[0], {accumulated, rest.car()}, locals, FoldLeftFrom,
                      {Span(), reml::CarSpan(rest)});
}

EvalResult FoldRightFrom(CallContext& ctx, absl::Span<Value> locals, Value accumulated) {
  const Value rest = locals[1];
  if (!rest.is_pair()) return accumulated;
  locals[1] = rest.cdr();
  return ctx.CallThen(locals[0], {rest.car(), accumulated}, locals, FoldRightFrom,
                      {reml::CarSpan(rest)});
}

EvalResult FoldLeft(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 2, &length)) return *error;
  Value locals[] = {args[0], args[2]};
  return FoldLeftFrom(ctx, absl::MakeSpan(locals), args[1]);
}

EvalResult FoldRight(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 2, &length)) return *error;
  Value locals[] = {args[0], TurnRound(ctx, args[2])};
  return FoldRightFrom(ctx, absl::MakeSpan(locals), args[1]);
}

// SRFI 1's fold, of several lists. Locals: the procedure, the rests.
EvalResult FoldFrom(CallContext& ctx, absl::Span<Value> locals, Value accumulated) {
  Locals args;
  absl::InlinedVector<Span, kUsualLists> spans;
  for (Value& rest : locals.subspan(1)) {
    if (!rest.is_pair()) return accumulated;
    args.push_back(rest.car());
    spans.push_back(reml::CarSpan(rest));
    rest = rest.cdr();
  }
  args.push_back(accumulated);
  return ctx.CallThen(locals[0], args, locals, FoldFrom, spans);
}

EvalResult Fold(CallContext& ctx, Args args) {
  for (size_t i = 2; i < args.size(); ++i) {
    size_t length = 0;
    if (auto error = MeasureList(ctx, args, i, &length)) return *error;
  }
  Locals locals = {args[0]};
  locals.insert(locals.end(), args.begin() + 2, args.end());
  return FoldFrom(ctx, absl::MakeSpan(locals), args[1]);
}

EvalResult Reduce(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 2, &length)) return *error;
  if (length == 0) return args[1];
  Value locals[] = {args[0], args[2].cdr()};
  return FoldFrom(ctx, absl::MakeSpan(locals), args[2].car());
}

constexpr absl::string_view kIntro =
    "These call a procedure for every element of a list, or with the elements at the same place "
    "of several lists.";

constexpr Builtin kRows[] = {
    {"apply", "procedure:procedure argument:any argument:any... -> any", Apply,
     "Calls PROCEDURE with the ARGUMENTs; the last one is a list of further arguments.",
     "(apply + 1 2 '(3 4)) => 10\n(apply + 1) !! not a proper list"},
    {"map", "procedure:procedure list:list list:list... -> list", Map,
     "A list of what PROCEDURE returns for the elements, in their order. All LISTs must have the "
     "same length.",
     "(map (lambda (x) (* x x)) '(1 2 3)) => (1 4 9)\n(map + '(1 2) '(10 20)) => (11 22)\n(map + "
     "'(1) '(1 2)) !! map: all lists must have the same length"},
    {"for-each", "procedure:procedure list:list list:list... -> nil", ForEach,
     "Calls PROCEDURE for the elements, in their order, and returns `()`. All LISTs must have the "
     "same length.",
     "(for-each (lambda (x) x) '(1 2)) => ()"},
    {"filter-map", "procedure:procedure list:list list:list... -> list", FilterMap,
     "A list of what PROCEDURE returns for the elements, without `#f`. It ends with the shortest "
     "LIST.",
     "(filter-map (lambda (x) (and (number? x) (* 2 x))) '(1 a 2)) => (2 4)", 1},
    {"append-map", "procedure:procedure list:list list:list... -> list", AppendMap,
     "The lists that PROCEDURE returns for the elements, appended. It ends with the shortest LIST.",
     "(append-map (lambda (x) (list x x)) '(1 2)) => (1 1 2 2)\n(append-map car '((1))) !! "
     "append-map: expected list, got int",
     1},
    {"filter", "predicate:procedure list:list -> list", Filter,
     "A list of the elements for which PREDICATE holds.", "(filter number? '(1 a 2)) => (1 2)"},
    {"remove", "predicate:procedure list:list -> list", Remove,
     "A list of the elements for which PREDICATE does not hold.",
     "(remove number? '(1 a 2)) => (a)", 1},
    {"fold-left", "procedure:procedure start:any list:list -> any", FoldLeft,
     "Calls PROCEDURE with START and the first element, then with the value of that and the second "
     "element, and so on. The value is that of the last call.",
     "(fold-left - 10 '(1 2 3)) => 4\n(fold-left (lambda (all x) (cons x all)) '() '(1 2)) => (2 "
     "1)"},
    {"fold-right", "procedure:procedure start:any list:list -> any", FoldRight,
     "Calls PROCEDURE with the last element and START, then with the one before it and the value "
     "of that, and so on. The value is that of the last call.",
     "(fold-right cons '() '(1 2)) => (1 2)\n(fold-right - 0 '(3 2 1)) => 2"},
    {"fold", "procedure:procedure start:any list:list list:list... -> any", Fold,
     "As `fold-left`, but PROCEDURE gets the element first and the value so far last, as in SRFI "
     "1. It ends with the shortest LIST.",
     "(fold cons '() '(1 2 3)) => (3 2 1)\n(fold (lambda (x y sum) (+ sum (* x y))) 0 '(1 2) '(3 "
     "4)) => 11",
     1},
    {"reduce", "procedure:procedure empty:any list:list -> any", Reduce,
     "As `fold`, starting with the first element. For `()` the value is EMPTY.",
     "(reduce + 0 '(1 2 3)) => 6\n(reduce max 0 '()) => 0\n(reduce - 0 '(1 2 10)) => 9", 1},
};

}  // namespace

BuiltinTable SequenceBuiltins() { return {"Sequences", kIntro, kRows}; }

}  // namespace pelagos::reml
