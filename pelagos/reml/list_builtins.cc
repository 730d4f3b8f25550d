// Pairs and lists, and the predicates of all types.
#include <string>
#include <vector>

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

// Every car and cdr of two to four letters, as one text of static storage.
constexpr absl::string_view kWalks[] = {
    "car",    "cdr",    "caar",   "cadr",   "cdar",   "cddr",   "caaar",  "caadr",
    "cadar",  "caddr",  "cdaar",  "cdadr",  "cddar",  "cdddr",  "caaaar", "caaadr",
    "caadar", "caaddr", "cadaar", "cadadr", "caddar", "cadddr", "cdaaar", "cdaadr",
    "cdadar", "cdaddr", "cddaar", "cddadr", "cdddar", "cddddr",
};

}  // namespace

std::vector<Builtin> ListBuiltins() {
  constexpr int kAny = Builtin::kAny;
  std::vector<Builtin> rows = {
      {"not", 1, 1, Not, "(not X)"},
      {"boolean?", 1, 1, IsBoolean, "(boolean? X)"},
      {"null?", 1, 1, IsNull, "(null? X)"},
      {"pair?", 1, 1, IsPair, "(pair? X)"},
      {"list?", 1, 1, IsList, "(list? X)"},
      {"string?", 1, 1, IsString, "(string? X)"},
      {"symbol?", 1, 1, IsSymbol, "(symbol? X)"},
      {"procedure?", 1, 1, IsProcedure, "(procedure? X)"},
      {"eq?", 2, 2, IsEq, "(eq? X Y)"},
      {"eqv?", 2, 2, IsEq, "(eqv? X Y)"},
      {"equal?", 2, 2, IsEqual, "(equal? X Y)"},
      {"cons", 2, 2, Cons, "(cons X Y)"},
      {"list", 0, kAny, List, "(list X...)"},
      {"length", 1, 1, LengthOf, "(length LIST)"},
      {"append", 0, kAny, Append, "(append LIST...)"},
      {"reverse", 1, 1, Reverse, "(reverse LIST)"},
      {"list-ref", 2, 2, ListRef, "(list-ref LIST INDEX)"},
      {"iota", 1, 3, Iota, "(iota COUNT [START [STEP]])", "iota: expected 1–3 arguments"},
      {"assoc", 2, 2, Assoc, "(assoc STRING ALIST)"},
      {"assv", 2, 2, Assv, "(assv KEY ALIST)"},
      {"result-ref", 2, 2, ResultRef, "(result-ref ALIST KEY)"},
      {"ok", 1, 1, Ok, "(ok VALUE)"},
      {"err", 1, 1, Err, "(err MESSAGE)"},
      {"ok?", 1, 1, IsOk, "(ok? X)"},
      {"err?", 1, 1, IsErr, "(err? X)"},
      {"ok-value", 1, 1, Second, "(ok-value RESULT)"},
      {"err-reason", 1, 1, Second, "(err-reason RESULT)"},
  };
  for (absl::string_view name : kWalks) rows.push_back({name, 1, 1, WalkByName, "of a pair"});
  return rows;
}

}  // namespace pelagos::reml
