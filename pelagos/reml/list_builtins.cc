// Pairs and lists, and the predicates of all types.
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/equality.h"
#include "pelagos/reml/list.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

EvalResult Improper(CallContext& ctx, size_t index) {
  return ctx.Error(ctx.ArgSpan(index), "not a proper list");
}

Span SpanOfCar(CallContext& ctx, Value pair, size_t index) {
  const Span span = reml::CarSpan(pair);
  return span.known() ? span : ctx.ArgSpan(index);
}

EvalResult Not(CallContext&, Args args) { return Value::Bool(!args[0].is_true()); }
EvalResult IsBoolean(CallContext&, Args args) { return Value::Bool(args[0].is_bool()); }
EvalResult IsNull(CallContext&, Args args) { return Value::Bool(args[0].is_nil()); }
EvalResult IsPair(CallContext&, Args args) { return Value::Bool(args[0].is_pair()); }
EvalResult IsString(CallContext&, Args args) { return Value::Bool(args[0].is_string()); }
EvalResult IsSymbol(CallContext&, Args args) { return Value::Bool(args[0].is_symbol()); }
EvalResult IsProcedure(CallContext&, Args args) { return Value::Bool(args[0].is_procedure()); }
EvalResult IsList(CallContext& ctx, Args args) {
  const std::optional<size_t> length = ListLength(args[0]);
  if (!ctx.Charge(length.value_or(0))) return ctx.OutOfSteps();
  return Value::Bool(length.has_value());
}

EvalResult IsEq(CallContext& ctx, Args args) {
  if (args[0].is_string() && !ctx.Charge(args[0].text().size() / 64)) return ctx.OutOfSteps();
  return Value::Bool(Same(args[0], args[1]));
}

EvalResult IsEqual(CallContext& ctx, Args args) {
  // Bit by bit, so that a comparison without end stops at the limit of steps.
  uint64_t used = 0;
  std::optional<bool> equal;
  for (uint64_t budget = 1024; !equal; budget *= 2) {
    equal = Equal(args[0], args[1], budget, &used);
    if (!ctx.Charge(used)) return ctx.OutOfSteps();
  }
  return Value::Bool(*equal);
}

EvalResult Cons(CallContext& ctx, Args args) {
  Pair* pair = ctx.heap().NewPair(args[0], args[1], ctx.ArgSpan(0), ctx.CallSpan());
  if (!args[1].is_pair() && !args[1].is_nil()) pair->tail_span = ctx.ArgSpan(1);
  return Value::Of(pair);
}

// car, cdr and what is made of them: "ad" for cadr. The steps go from right to left.
EvalResult Walk(CallContext& ctx, Value value, absl::string_view path) {
  for (auto step = path.rbegin(); step != path.rend(); ++step) {
    if (!value.is_pair()) {
      return ctx.Error(ctx.ArgSpan(0), absl::StrCat(path.size() == 1 ? ctx.name()
                                                    : *step == 'a'   ? "car"
                                                                     : "cdr",
                                                    ": expected pair, got ", value.type_name()));
    }
    value = *step == 'a' ? value.car() : value.cdr();
  }
  return value;
}

EvalResult WalkByName(CallContext& ctx, Args args) {
  return Walk(ctx, args[0], ctx.name().substr(1, ctx.name().size() - 2));
}

EvalResult List(CallContext& ctx, Args args) {
  ListBuilder list(ctx.heap());
  for (size_t i = 0; i < args.size(); ++i) list.Add(args[i], ctx.ArgSpan(i));
  return list.Finish(ctx.CallSpan());
}

EvalResult LengthOf(CallContext& ctx, Args args) {
  const std::optional<size_t> length = ListLength(args[0]);
  if (!length) return Improper(ctx, 0);
  if (!ctx.Charge(*length)) return ctx.OutOfSteps();
  return ctx.heap().Integer(static_cast<int64_t>(*length));
}

EvalResult Append(CallContext& ctx, Args args) {
  if (args.empty()) return Value::Nil();
  ListBuilder list(ctx.heap());
  for (size_t i = 0; i + 1 < args.size(); ++i) {
    const std::optional<size_t> length = ListLength(args[i]);
    if (!length) return Improper(ctx, i);
    if (!ctx.Charge(*length)) return ctx.OutOfSteps();
    if (!ctx.Fits(*length * sizeof(Pair))) return ctx.OutOfMemory();
    for (Value item = args[i]; item.is_pair(); item = item.cdr()) {
      list.Add(item.car(), SpanOfCar(ctx, item, i));
    }
  }
  const Value last = args.back();
  if (list.empty()) return last;
  const bool dotted = !last.is_pair() && !last.is_nil();
  list.SetTail(last, dotted ? ctx.ArgSpan(args.size() - 1) : Span());
  return list.Finish(ctx.CallSpan());
}

EvalResult Reverse(CallContext& ctx, Args args) {
  const std::optional<size_t> length = ListLength(args[0]);
  if (!length) return Improper(ctx, 0);
  if (!ctx.Charge(*length)) return ctx.OutOfSteps();
  if (!ctx.Fits(*length * sizeof(Pair))) return ctx.OutOfMemory();
  Value reversed;
  for (Value item = args[0]; item.is_pair(); item = item.cdr()) {
    reversed = ctx.heap().Cons(item.car(), reversed, SpanOfCar(ctx, item, 0), ctx.CallSpan());
  }
  return reversed;
}

EvalResult ListRef(CallContext& ctx, Args args) {
  if (!args[1].is_int()) return ctx.TypeError(1, "integer", args[1]);
  const uint64_t index = static_cast<uint64_t>(args[1].as_int());
  Value list = args[0];
  uint64_t left = index;
  for (; list.is_pair() && left != 0; list = list.cdr()) --left;
  if (!ctx.Charge(index - left)) return ctx.OutOfSteps();
  if (list.is_pair()) return list.car();
  return ctx.Error(ctx.ArgSpan(1), absl::StrCat("list-ref: index ", index, " out of range"));
}

EvalResult Iota(CallContext& ctx, Args args) {
  if (!args[0].is_int()) return ctx.TypeError(0, "integer", args[0]);
  for (size_t i = 1; i < args.size(); ++i) {
    if (!args[i].is_number()) return ctx.TypeError(i, "number", args[i]);
  }
  const int64_t count = args[0].as_int();
  if (count < 0) return ctx.Error(ctx.ArgSpan(0), "iota: count must not be negative");
  constexpr int64_t kMost = int64_t{1} << 40;
  if (count > kMost || !ctx.Fits(static_cast<size_t>(count) * (sizeof(Pair) + 32))) {
    return ctx.OutOfMemory();
  }
  if (!ctx.Charge(static_cast<uint64_t>(count))) return ctx.OutOfSteps();
  const Value start = args.size() > 1 ? args[1] : Value::Fixnum(0);
  const Value step = args.size() > 2 ? args[2] : Value::Fixnum(1);
  ListBuilder list(ctx.heap());
  Value value = start;
  for (int64_t i = 0; i < count; ++i) {
    list.Add(value, ctx.CallSpan());
    value = Add(ctx.heap(), value, step);
  }
  return list.Finish(ctx.CallSpan());
}

// The entry of an association list whose key `matches`; #f when there is none. `matches` fails
// by an error.
template <typename Matches>
EvalResult FindEntry(CallContext& ctx, Value list, size_t index, Matches matches) {
  for (; list.is_pair(); list = list.cdr()) {
    if (!ctx.Charge(1)) return ctx.OutOfSteps();
    const Value entry = list.car();
    if (!entry.is_pair()) {
      return ctx.Error(SpanOfCar(ctx, list, index),
                       absl::StrCat("car: expected pair, got ", entry.type_name()));
    }
    const EvalResult found = matches(entry);
    if (!found.ok()) return found;
    if (found.value().is_true()) return entry;
  }
  if (!list.is_nil()) return Improper(ctx, index);
  return Value::Bool(false);
}

// Only strings are keys.
EvalResult FindString(CallContext& ctx, Value key, size_t key_index, Value list,
                      size_t list_index) {
  return FindEntry(ctx, list, list_index, [&](Value entry) -> EvalResult {
    const auto expected = [&](Span span, Value got) {
      return ctx.Error(span, absl::StrCat("string=?: expected string, got ", got.type_name()));
    };
    if (!key.is_string()) return expected(ctx.ArgSpan(key_index), key);
    if (!entry.car().is_string()) return expected(SpanOfCar(ctx, entry, list_index), entry.car());
    return Value::Bool(entry.car().text() == key.text());
  });
}

EvalResult Assoc(CallContext& ctx, Args args) { return FindString(ctx, args[0], 0, args[1], 1); }

EvalResult Assv(CallContext& ctx, Args args) {
  return FindEntry(ctx, args[1], 1, [&](Value entry) -> EvalResult {
    return Value::Bool(Same(entry.car(), args[0]));
  });
}

EvalResult ResultRef(CallContext& ctx, Args args) {
  const EvalResult entry = FindString(ctx, args[1], 1, args[0], 0);
  if (!entry.ok()) return entry;
  if (entry.value().is_pair()) return entry.value().cdr();
  std::string key;
  if (!DisplayTo(args[1], &key, ctx.heap().limit())) return ctx.OutOfMemory();
  return ctx.Error(ctx.ArgSpan(1), absl::StrCat("result-ref: no result for '", key, "'"));
}

// Results are lists with a tag: (ok VALUE) and (err MESSAGE).
EvalResult Tagged(CallContext& ctx, absl::string_view tag, Value value) {
  ListBuilder list(ctx.heap());
  list.Add(ctx.heap().Intern(tag), ctx.CallSpan());
  list.Add(value, ctx.ArgSpan(0));
  return list.Finish(ctx.CallSpan());
}
Value HasTag(CallContext& ctx, absl::string_view tag, Value value) {
  return Value::Bool(value.is_pair() && value.car() == ctx.heap().Intern(tag));
}

EvalResult Ok(CallContext& ctx, Args args) { return Tagged(ctx, "ok", args[0]); }
EvalResult Err(CallContext& ctx, Args args) { return Tagged(ctx, "err", args[0]); }
EvalResult IsOk(CallContext& ctx, Args args) { return HasTag(ctx, "ok", args[0]); }
EvalResult IsErr(CallContext& ctx, Args args) { return HasTag(ctx, "err", args[0]); }
EvalResult Second(CallContext& ctx, Args args) { return Walk(ctx, args[0], "ad"); }

constexpr Builtin kRows[] = {
    {"not", "x:any -> bool", Not, ""},
    {"boolean?", "x:any -> bool", IsBoolean, ""},
    {"null?", "x:any -> bool", IsNull, ""},
    {"pair?", "x:any -> bool", IsPair, ""},
    {"list?", "x:any -> bool", IsList, ""},
    {"string?", "x:any -> bool", IsString, ""},
    {"symbol?", "x:any -> bool", IsSymbol, ""},
    {"procedure?", "x:any -> bool", IsProcedure, ""},
    {"eq?", "x:any y:any -> bool", IsEq, ""},
    {"eqv?", "x:any y:any -> bool", IsEq, ""},
    {"equal?", "x:any y:any -> bool", IsEqual, ""},
    {"cons", "x:any y:any -> pair", Cons, ""},
    {"list", "x:any... -> list", List, ""},
    {"length", "list:list -> int", LengthOf, ""},
    {"append", "list:any... -> any", Append, ""},
    {"reverse", "list:list -> list", Reverse, ""},
    {"list-ref", "list:list index:int -> any", ListRef, ""},
    {"iota", "count:int [start:number] [step:number] -> list<number>", Iota, "", "", 0,
     "iota: expected 1–3 arguments"},
    {"assoc", "key:string alist:list -> pair|bool", Assoc, ""},
    {"assv", "key:any alist:list -> pair|bool", Assv, ""},
    {"result-ref", "alist:list key:string -> any", ResultRef, ""},
    {"ok", "value:any -> list", Ok, ""},
    {"err", "message:any -> list", Err, ""},
    {"ok?", "x:any -> bool", IsOk, ""},
    {"err?", "x:any -> bool", IsErr, ""},
    {"ok-value", "result:list -> any", Second, ""},
    {"err-reason", "result:list -> any", Second, ""},
    {"car", "pair:pair -> any", WalkByName, ""},
    {"cdr", "pair:pair -> any", WalkByName, ""},
    {"caar", "pair:pair -> any", WalkByName, ""},
    {"cadr", "pair:pair -> any", WalkByName, ""},
    {"cdar", "pair:pair -> any", WalkByName, ""},
    {"cddr", "pair:pair -> any", WalkByName, ""},
    {"caaar", "pair:pair -> any", WalkByName, ""},
    {"caadr", "pair:pair -> any", WalkByName, ""},
    {"cadar", "pair:pair -> any", WalkByName, ""},
    {"caddr", "pair:pair -> any", WalkByName, ""},
    {"cdaar", "pair:pair -> any", WalkByName, ""},
    {"cdadr", "pair:pair -> any", WalkByName, ""},
    {"cddar", "pair:pair -> any", WalkByName, ""},
    {"cdddr", "pair:pair -> any", WalkByName, ""},
    {"caaaar", "pair:pair -> any", WalkByName, ""},
    {"caaadr", "pair:pair -> any", WalkByName, ""},
    {"caadar", "pair:pair -> any", WalkByName, ""},
    {"caaddr", "pair:pair -> any", WalkByName, ""},
    {"cadaar", "pair:pair -> any", WalkByName, ""},
    {"cadadr", "pair:pair -> any", WalkByName, ""},
    {"caddar", "pair:pair -> any", WalkByName, ""},
    {"cadddr", "pair:pair -> any", WalkByName, ""},
    {"cdaaar", "pair:pair -> any", WalkByName, ""},
    {"cdaadr", "pair:pair -> any", WalkByName, ""},
    {"cdadar", "pair:pair -> any", WalkByName, ""},
    {"cdaddr", "pair:pair -> any", WalkByName, ""},
    {"cddaar", "pair:pair -> any", WalkByName, ""},
    {"cddadr", "pair:pair -> any", WalkByName, ""},
    {"cdddar", "pair:pair -> any", WalkByName, ""},
    {"cddddr", "pair:pair -> any", WalkByName, ""},
};

}  // namespace

BuiltinTable ListBuiltins() { return {"Lists", "", kRows}; }

}  // namespace pelagos::reml
