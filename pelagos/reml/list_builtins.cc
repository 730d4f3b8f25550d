// Lists as data: making them, taking them apart.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"

namespace pelagos::reml {
namespace {

EvalResult List(CallContext& ctx, Args args) {
  ListBuilder list(ctx.heap());
  for (size_t i = 0; i < args.size(); ++i) list.Add(args[i], ctx.ArgSpan(i));
  return list.Finish(ctx.CallSpan());
}

EvalResult ConsAll(CallContext& ctx, Args args) {
  ListBuilder list(ctx.heap());
  for (size_t i = 0; i + 1 < args.size(); ++i) list.Add(args[i], ctx.ArgSpan(i));
  if (list.empty()) return args.back();
  list.SetTail(args.back(), ctx.ArgSpan(args.size() - 1));
  return list.Finish(ctx.CallSpan());
}

EvalResult MakeList(CallContext& ctx, Args args) {
  constexpr size_t kMost = size_t{1} << 40;
  size_t count = 0;
  if (auto error = ReadIndex(ctx, args, 0, 0, kMost, &count, "length")) return *error;
  if (!ctx.Fits(count * sizeof(Pair))) return ctx.OutOfMemory();
  if (!ctx.Charge(count)) return ctx.OutOfSteps();
  const Value fill = args.size() > 1 ? args[1] : Value::Nil();
  Value list;
  for (; count != 0; --count) list = ctx.heap().Cons(fill, list);
  return list;
}

EvalResult LengthOf(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 0, &length)) return *error;
  return Value::Fixnum(static_cast<int64_t>(length));
}

EvalResult Append(CallContext& ctx, Args args) {
  if (args.empty()) return Value::Nil();
  ListBuilder list(ctx.heap());
  for (size_t i = 0; i + 1 < args.size(); ++i) {
    size_t length = 0;
    if (auto error = MeasureList(ctx, args, i, &length)) return *error;
    if (!ctx.Fits(length * sizeof(Pair))) return ctx.OutOfMemory();
    for (Value item = args[i]; item.is_pair(); item = item.cdr()) {
      list.Add(item.car(), ElementSpan(ctx, item, i));
    }
  }
  const Value last = args.back();
  if (list.empty()) return last;
  const bool dotted = !last.is_pair() && !last.is_nil();
  list.SetTail(last, dotted ? ctx.ArgSpan(args.size() - 1) : Span());
  return list.Finish(ctx.CallSpan());
}

EvalResult Reverse(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 0, &length)) return *error;
  if (!ctx.Fits(length * sizeof(Pair))) return ctx.OutOfMemory();
  Value reversed;
  for (Value item = args[0]; item.is_pair(); item = item.cdr()) {
    reversed = ctx.heap().Cons(item.car(), reversed, ElementSpan(ctx, item, 0), ctx.CallSpan());
  }
  return reversed;
}

EvalResult ListRef(CallContext& ctx, Args args) {
  if (!args[1].is_int()) return ctx.TypeError(1, "integer", args[1]);
  // A negative index is out of range, and shown as the original shows it.
  const uint64_t index = static_cast<uint64_t>(args[1].as_int());
  Value list = args[0];
  uint64_t left = index;
  for (; list.is_pair() && left != 0; list = list.cdr()) --left;
  if (!ctx.Charge(index - left)) return ctx.OutOfSteps();
  if (list.is_pair()) return list.car();
  return ctx.Error(ctx.ArgSpan(1), absl::StrCat("list-ref: index ", index, " out of range"));
}

// The number in args[1], of elements that args[0] has at its beginning.
MaybeError ReadCount(CallContext& ctx, Args args, size_t* count) {
  if (!args[1].is_int()) return ctx.TypeError(1, "integer", args[1]);
  const int64_t wanted = args[1].as_int();
  int64_t there = 0;
  for (Value rest = args[0]; rest.is_pair() && there < wanted; rest = rest.cdr()) ++there;
  if (!ctx.Charge(static_cast<uint64_t>(there))) return ctx.OutOfSteps();
  if (there != wanted) {
    return ctx.Error(ctx.ArgSpan(1), absl::StrCat(ctx.name(), ": index ", wanted, " out of range"),
                     wanted < 0 ? "" : absl::StrCat("the list has ", there, " elements"));
  }
  *count = static_cast<size_t>(there);
  return std::nullopt;
}

// The first `count` elements of a list, which has them.
ListBuilder Beginning(CallContext& ctx, Value list, size_t count) {
  ListBuilder beginning(ctx.heap());
  for (; count != 0; --count, list = list.cdr()) beginning.Add(list.car(), reml::CarSpan(list));
  return beginning;
}

EvalResult Take(CallContext& ctx, Args args) {
  size_t count = 0;
  if (auto error = ReadCount(ctx, args, &count)) return *error;
  if (!ctx.Fits(count * sizeof(Pair))) return ctx.OutOfMemory();
  return Beginning(ctx, args[0], count).Finish(ctx.CallSpan());
}

EvalResult Drop(CallContext& ctx, Args args) {
  size_t count = 0;
  if (auto error = ReadCount(ctx, args, &count)) return *error;
  Value rest = args[0];
  for (; count != 0; --count) rest = rest.cdr();
  return rest;
}

// Of the end of a list. Requires nothing: `args[0]` may be of any type.
MaybeError ReadFromEnd(CallContext& ctx, Args args, size_t* length, size_t* count) {
  if (auto error = MeasureList(ctx, args, 0, length)) return error;
  return ReadIndex(ctx, args, 1, 0, *length, count);
}

EvalResult TakeRight(CallContext& ctx, Args args) {
  size_t length = 0, count = 0;
  if (auto error = ReadFromEnd(ctx, args, &length, &count)) return *error;
  Value rest = args[0];
  for (size_t i = count; i < length; ++i) rest = rest.cdr();
  return rest;
}

EvalResult DropRight(CallContext& ctx, Args args) {
  size_t length = 0, count = 0;
  if (auto error = ReadFromEnd(ctx, args, &length, &count)) return *error;
  if (!ctx.Fits(length * sizeof(Pair))) return ctx.OutOfMemory();
  return Beginning(ctx, args[0], length - count).Finish(ctx.CallSpan());
}

EvalResult LastPair(CallContext& ctx, Args args) {
  if (!args[0].is_pair()) return ctx.TypeError(0, "pair", args[0]);
  Value pair = args[0];
  uint64_t steps = 0;
  for (; pair.cdr().is_pair(); pair = pair.cdr()) ++steps;
  if (!ctx.Charge(steps)) return ctx.OutOfSteps();
  return pair;
}

EvalResult Last(CallContext& ctx, Args args) {
  const EvalResult pair = LastPair(ctx, args);
  return pair.ok() ? pair.value().car() : pair;
}

template <size_t kIndex>
EvalResult Element(CallContext& ctx, Args args) {
  Value rest = args[0];
  size_t left = kIndex;
  for (; rest.is_pair() && left != 0; rest = rest.cdr()) --left;
  if (rest.is_pair()) return rest.car();
  if (!args[0].is_pair() && !args[0].is_nil()) return ctx.TypeError(0, "list", args[0]);
  return ctx.Error(ctx.ArgSpan(0), absl::StrCat(ctx.name(), ": the list has only ", kIndex - left,
                                                kIndex - left == 1 ? " element" : " elements"));
}

EvalResult ListCopy(CallContext& ctx, Args args) {
  size_t length = 0;
  Value rest = args[0];
  for (; rest.is_pair(); rest = rest.cdr()) ++length;
  if (!ctx.Charge(length)) return ctx.OutOfSteps();
  if (!ctx.Fits(length * sizeof(Pair))) return ctx.OutOfMemory();
  if (length == 0) return args[0];
  ListBuilder copy = Beginning(ctx, args[0], length);
  copy.SetTail(rest);
  return copy.Finish(ctx.CallSpan());
}

EvalResult ListSet(CallContext& ctx, Args args) {
  size_t length = 0, index = 0;
  if (auto error = MeasureList(ctx, args, 0, &length)) return *error;
  if (length == 0) return ctx.TypeError(0, "pair", args[0]);
  if (auto error = ReadIndex(ctx, args, 1, 0, length - 1, &index)) return *error;
  if (!ctx.Fits(index * sizeof(Pair))) return ctx.OutOfMemory();
  Value rest = args[0];
  for (size_t i = 0; i < index; ++i) rest = rest.cdr();
  ListBuilder copy = Beginning(ctx, args[0], index);
  copy.Add(args[2], ctx.ArgSpan(2));
  copy.SetTail(rest.cdr());
  return copy.Finish(ctx.CallSpan());
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

EvalResult Flatten(CallContext& ctx, Args args) {
  ListBuilder flat(ctx.heap());
  std::vector<Value> waiting = {args[0]};
  while (!waiting.empty()) {
    const Value part = waiting.back();
    waiting.pop_back();
    if (!ctx.Charge(1)) return ctx.OutOfSteps();
    if (part.is_pair()) {
      waiting.push_back(part.cdr());
      waiting.push_back(part.car());
    } else if (!part.is_nil()) {
      if (!ctx.Fits(sizeof(Pair))) return ctx.OutOfMemory();
      flat.Add(part);
    }
  }
  return flat.Finish(ctx.CallSpan());
}

constexpr absl::string_view kIntro =
    "A list is `()`, or a pair of its first element and the list of the others. Lists never "
    "change: procedures that seem to change one make a new one.";

constexpr Builtin kRows[] = {
    {"list", "x:any... -> list", List, "A list of the arguments.",
     "(list 1 \"a\" 'b) => (1 \"a\" b)\n(list) => ()"},
    {"cons*", "x:any more:any... -> any", ConsAll,
     "The last argument, a list, with the others before it.",
     "(cons* 1 2 '(3 4)) => (1 2 3 4)\n(cons* 1 2) => (1 . 2)", 1},
    {"make-list", "length:int [fill:any] -> list", MakeList,
     "A list of LENGTH times FILL, or times `()`.", "(make-list 2 'x) => (x x)", 1},
    {"iota", "count:int [start:number] [step:number] -> list<number>", Iota,
     "A list of COUNT numbers: START, which is 0 when it is left out, START plus STEP, which is 1, "
     "and so on.",
     "(iota 3) => (0 1 2)\n(iota 3 1) => (1 2 3)\n(iota 3 0 5) => (0 5 10)", 0,
     "iota: expected 1–3 arguments"},
    {"length", "list:list -> int", LengthOf, "The number of elements.",
     "(length '(a b c)) => 3\n(length '(a . b)) !! not a proper list"},
    {"append", "list:any... -> any", Append,
     "A list of the elements of all LISTs, one after the other. The last argument may be anything; "
     "it becomes the tail.",
     "(append '(1) '(2 3) '()) => (1 2 3)\n(append '(1) 2) => (1 . 2)"},
    {"reverse", "list:list -> list", Reverse, "A list of the elements of LIST, the last one first.",
     "(reverse '(1 2 3)) => (3 2 1)"},
    {"list-ref", "list:list index:int -> any", ListRef,
     "The element at INDEX, which counts from 0.",
     "(list-ref '(a b c) 1) => b\n(list-ref '(a) 1) !! list-ref: index 1 out of range"},
    {"list-tail", "list:list count:int -> any", Drop, "LIST without its first COUNT elements.",
     "(list-tail '(a b c) 1) => (b c)\n(list-tail '(a) 2) !! list-tail: index 2 out of range", 1},
    {"list-head", "list:list count:int -> list", Take, "The first COUNT elements of LIST.",
     "(list-head '(a b c) 2) => (a b)", 1},
    {"take", "list:list count:int -> list", Take, "The first COUNT elements of LIST.",
     "(take '(a b c) 2) => (a b)\n(take '(a) 2) !! take: index 2 out of range", 1},
    {"drop", "list:list count:int -> any", Drop, "LIST without its first COUNT elements.",
     "(drop '(a b c) 2) => (c)", 1},
    {"take-right", "list:list count:int -> list", TakeRight, "The last COUNT elements of LIST.",
     "(take-right '(a b c) 2) => (b c)", 1},
    {"drop-right", "list:list count:int -> list", DropRight,
     "LIST without its last COUNT elements.", "(drop-right '(a b c) 2) => (a)", 1},
    {"first", "list:list -> any", Element<0>, "The first element.",
     "(first '(a b c)) => a\n(first '()) !! first: the list has only 0 elements", 1},
    {"second", "list:list -> any", Element<1>, "The second element.", "(second '(a b c)) => b", 1},
    {"third", "list:list -> any", Element<2>, "The third element.",
     "(third '(a b c)) => c\n(third '(a b)) !! third: the list has only 2 elements", 1},
    {"fourth", "list:list -> any", Element<3>, "The fourth element.", "(fourth '(a b c d)) => d",
     1},
    {"fifth", "list:list -> any", Element<4>, "The fifth element.", "(fifth '(a b c d e)) => e", 1},
    {"last", "list:pair -> any", Last, "The last element.",
     "(last '(a b c)) => c\n(last '()) !! last: expected pair, got nil", 1},
    {"last-pair", "list:pair -> pair", LastPair, "The last pair of LIST, with its last element.",
     "(last-pair '(a b c)) => (c)\n(last-pair '(a . b)) => (a . b)", 1},
    {"list-copy", "x:any -> any", ListCopy,
     "A new list with the elements of X. What is no list is returned as it is.",
     "(list-copy '(1 2)) => (1 2)\n(let ((l '(1))) (eq? l (list-copy l))) => #f", 1},
    {"list-set", "list:list index:int x:any -> list", ListSet,
     "A list like LIST, but with X at INDEX.",
     "(list-set '(a b c) 1 'x) => (a x c)\n(list-set '(a) 1 'x) !! list-set: index 1 out of range",
     1},
    {"flatten", "x:any -> list", Flatten,
     "A list of all that is in X and in the lists in it, at any depth, but without `()`.",
     "(flatten '(1 (2 (3)) () 4)) => (1 2 3 4)\n(flatten 5) => (5)", 1},
};

}  // namespace

BuiltinTable ListBuiltins() { return {"Lists", kIntro, kRows}; }

}  // namespace pelagos::reml
