// Procedures that call procedures. The evaluator makes the calls, one after the other, and resumes
// here with each result, so that they nest as deep as any other call.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/list.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

EvalResult Improper(CallContext& ctx, size_t index) {
  return ctx.Error(ctx.ArgSpan(index), "not a proper list");
}

// The results come last first. The new list is the same one turned round.
Value TurnRound(CallContext& ctx, Value list) {
  Value turned;
  for (; list.is_pair(); list = list.cdr()) {
    turned = ctx.heap().Cons(list.car(), turned, reml::CarSpan(list), ctx.CallSpan());
  }
  return turned;
}

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

// map and for-each. Locals: the procedure, results so far, the lists' rests.
constexpr size_t kProcedure = 0, kResults = 1, kRests = 2;

EvalResult NextOfMap(CallContext& ctx, absl::Span<Value> locals, ResumeFunction resume) {
  std::vector<Value> args;
  std::vector<Span> spans;
  for (Value& rest : locals.subspan(kRests)) {
    args.push_back(rest.car());
    spans.push_back(reml::CarSpan(rest));
  }
  return ctx.CallThen(locals[kProcedure], args, locals, resume, spans);
}

EvalResult ResumeMap(CallContext& ctx, absl::Span<Value> locals, Value result) {
  // A result is shown, when it must be, where the element that it was made of stands.
  const Span span = reml::CarSpan(locals[kRests]);
  locals[kResults] = ctx.heap().Cons(result, locals[kResults], span);
  for (Value& rest : locals.subspan(kRests)) rest = rest.cdr();
  if (locals[kRests].is_pair()) return NextOfMap(ctx, locals, ResumeMap);
  return TurnRound(ctx, locals[kResults]);
}

EvalResult ResumeForEach(CallContext& ctx, absl::Span<Value> locals, Value) {
  for (Value& rest : locals.subspan(kRests)) rest = rest.cdr();
  if (locals[kRests].is_pair()) return NextOfMap(ctx, locals, ResumeForEach);
  return Value::Nil();
}

EvalResult BeginMap(CallContext& ctx, Args args, ResumeFunction resume) {
  std::optional<size_t> length;
  for (size_t i = 1; i < args.size(); ++i) {
    const std::optional<size_t> this_length = ListLength(args[i]);
    if (!this_length) return Improper(ctx, i);
    if (!ctx.Charge(*this_length)) return ctx.OutOfSteps();
    if (length && *length != *this_length) {
      return ctx.Error(ctx.ArgSpan(i),
                       absl::StrCat(ctx.name(), ": all lists must have the same length"));
    }
    length = this_length;
  }
  if (length == 0) return Value::Nil();
  std::vector<Value> locals = {args[0], Value::Nil()};
  locals.insert(locals.end(), args.begin() + 1, args.end());
  return NextOfMap(ctx, absl::MakeSpan(locals), resume);
}

EvalResult Map(CallContext& ctx, Args args) { return BeginMap(ctx, args, ResumeMap); }
EvalResult ForEach(CallContext& ctx, Args args) { return BeginMap(ctx, args, ResumeForEach); }

// Locals: as of map, with one list.
EvalResult ResumeFilter(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const Value rest = locals[kRests];
  if (result.is_true()) {
    locals[kResults] = ctx.heap().Cons(rest.car(), locals[kResults], reml::CarSpan(rest));
  }
  locals[kRests] = rest.cdr();
  if (locals[kRests].is_pair()) return NextOfMap(ctx, locals, ResumeFilter);
  return TurnRound(ctx, locals[kResults]);
}

EvalResult Filter(CallContext& ctx, Args args) { return BeginMap(ctx, args, ResumeFilter); }

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
  const std::optional<size_t> length = ListLength(args[2]);
  if (!length) return Improper(ctx, 2);
  if (!ctx.Charge(*length)) return ctx.OutOfSteps();
  Value locals[] = {args[0], args[2]};
  return FoldLeftFrom(ctx, absl::MakeSpan(locals), args[1]);
}

EvalResult FoldRight(CallContext& ctx, Args args) {
  const std::optional<size_t> length = ListLength(args[2]);
  if (!length) return Improper(ctx, 2);
  if (!ctx.Charge(*length)) return ctx.OutOfSteps();
  Value locals[] = {args[0], TurnRound(ctx, args[2])};
  return FoldRightFrom(ctx, absl::MakeSpan(locals), args[1]);
}

constexpr Builtin kRows[] = {
    {"apply", "procedure:procedure argument:any argument:any... -> any", Apply, ""},
    {"map", "procedure:procedure list:list list:list... -> list", Map, ""},
    {"for-each", "procedure:procedure list:list list:list... -> nil", ForEach, ""},
    {"filter", "predicate:procedure list:list -> list", Filter, ""},
    {"fold-left", "procedure:procedure start:any list:list -> any", FoldLeft, ""},
    {"fold-right", "procedure:procedure start:any list:list -> any", FoldRight, ""},
};

}  // namespace

BuiltinTable SequenceBuiltins() { return {"Sequences", "", kRows}; }

}  // namespace pelagos::reml
