// Vectors: sequences of a fixed length whose elements can be replaced.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"

namespace pelagos::reml {
namespace {

MaybeError WantVector(CallContext& ctx, Args args, size_t index) {
  if (args[index].is_vector()) return std::nullopt;
  return ctx.TypeError(index, "vector", args[index]);
}

std::vector<Value>& Items(Value vector) { return vector.vector()->items; }

// Steps and room for a result of `count` elements.
MaybeError Afford(CallContext& ctx, size_t count, size_t bytes_each = sizeof(Value)) {
  if (!ctx.Charge(count)) return ctx.OutOfSteps();
  if (!ctx.Fits(count * bytes_each)) return ctx.OutOfMemory();
  return std::nullopt;
}

// A vector in args[0], and a range of it in the arguments from 1 + `skipped` on.
struct Part {
  size_t start = 0, end = 0;
  size_t size() const { return end - start; }
};
MaybeError ReadPart(CallContext& ctx, Args args, size_t vector, size_t first, Part* part) {
  if (auto error = WantVector(ctx, args, vector)) return error;
  return ReadRange(ctx, args, first, Items(args[vector]).size(), &part->start, &part->end);
}

EvalResult IsVector(CallContext&, Args args) { return Value::Bool(args[0].is_vector()); }

EvalResult MakeVector(CallContext& ctx, Args args) {
  constexpr size_t kMost = size_t{1} << 40;
  size_t size = 0;
  if (auto error = ReadIndex(ctx, args, 0, 0, kMost, &size, "length")) return *error;
  if (auto error = Afford(ctx, size)) return *error;
  return ctx.heap().Vector(std::vector<Value>(size, args.size() > 1 ? args[1] : Value::Nil()));
}

EvalResult VectorOf(CallContext& ctx, Args args) {
  return ctx.heap().Vector(std::vector<Value>(args.begin(), args.end()));
}

EvalResult Length(CallContext& ctx, Args args) {
  if (auto error = WantVector(ctx, args, 0)) return *error;
  return Value::Fixnum(static_cast<int64_t>(Items(args[0]).size()));
}

// The element of the vector in args[0] that args[1] numbers.
MaybeError ReadElement(CallContext& ctx, Args args, Value** element) {
  if (auto error = WantVector(ctx, args, 0)) return error;
  std::vector<Value>& items = Items(args[0]);
  size_t index = 0;
  if (items.empty() && args[1].is_int()) {
    return ctx.Error(ctx.ArgSpan(1),
                     absl::StrCat(ctx.name(), ": index ", args[1].as_int(), " out of range"),
                     "the vector is empty");
  }
  if (auto error = ReadIndex(ctx, args, 1, 0, items.size() - 1, &index)) return error;
  *element = &items[index];
  return std::nullopt;
}

EvalResult Ref(CallContext& ctx, Args args) {
  Value* element = nullptr;
  if (auto error = ReadElement(ctx, args, &element)) return *error;
  return *element;
}

EvalResult SetElement(CallContext& ctx, Args args) {
  Value* element = nullptr;
  if (auto error = ReadElement(ctx, args, &element)) return *error;
  *element = args[2];
  return Value::Nil();
}

EvalResult ToList(CallContext& ctx, Args args) {
  Part part;
  if (auto error = ReadPart(ctx, args, 0, 1, &part)) return *error;
  if (auto error = Afford(ctx, part.size(), sizeof(Pair))) return *error;
  ListBuilder list(ctx.heap());
  for (size_t i = part.start; i < part.end; ++i) list.Add(Items(args[0])[i]);
  return list.Finish(ctx.CallSpan());
}

EvalResult FromList(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 0, &length)) return *error;
  if (auto error = Afford(ctx, length)) return *error;
  std::vector<Value> items;
  items.reserve(length);
  for (Value rest = args[0]; rest.is_pair(); rest = rest.cdr()) items.push_back(rest.car());
  return ctx.heap().Vector(std::move(items));
}

EvalResult Fill(CallContext& ctx, Args args) {
  Part part;
  if (auto error = ReadPart(ctx, args, 0, 2, &part)) return *error;
  if (!ctx.Charge(part.size())) return ctx.OutOfSteps();
  for (size_t i = part.start; i < part.end; ++i) Items(args[0])[i] = args[1];
  return Value::Nil();
}

EvalResult Copy(CallContext& ctx, Args args) {
  Part part;
  if (auto error = ReadPart(ctx, args, 0, 1, &part)) return *error;
  if (auto error = Afford(ctx, part.size())) return *error;
  const Value* items = Items(args[0]).data();
  return ctx.heap().Vector(std::vector<Value>(items + part.start, items + part.end));
}

// (vector-copy! TO AT FROM [START] [END]); they may be the same vector.
EvalResult CopyTo(CallContext& ctx, Args args) {
  if (auto error = WantVector(ctx, args, 0)) return *error;
  const size_t room = Items(args[0]).size();
  size_t at = 0;
  if (auto error = ReadIndex(ctx, args, 1, 0, room, &at)) return *error;
  Part part;
  if (auto error = ReadPart(ctx, args, 2, 3, &part)) return *error;
  if (part.size() > room - at) {
    return ctx.Error(ctx.CallSpan(), "vector-copy!: the elements do not fit",
                     absl::StrCat(part.size(), " elements, room for ", room - at));
  }
  if (!ctx.Charge(part.size())) return ctx.OutOfSteps();
  const Value* from = Items(args[2]).data();
  Value* to = Items(args[0]).data() + at;
  if (to <= from + part.start) {
    std::copy(from + part.start, from + part.end, to);
  } else {
    std::copy_backward(from + part.start, from + part.end, to + part.size());
  }
  return Value::Nil();
}

EvalResult Append(CallContext& ctx, Args args) {
  size_t size = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    if (auto error = WantVector(ctx, args, i)) return *error;
    size += Items(args[i]).size();
  }
  if (auto error = Afford(ctx, size)) return *error;
  std::vector<Value> all;
  all.reserve(size);
  for (Value arg : args) all.insert(all.end(), Items(arg).begin(), Items(arg).end());
  return ctx.heap().Vector(std::move(all));
}

// vector-map and vector-for-each. Locals: the procedure, the results, the index, the vectors.
constexpr size_t kProcedure = 0, kResults = 1, kIndex = 2, kVectors = 3;
constexpr size_t kUsualVectors = 2;
using Locals = absl::InlinedVector<Value, kVectors + kUsualVectors>;

// Calls for the elements at the index; when there are none, the value is that of the results.
EvalResult CallAtIndex(CallContext& ctx, absl::Span<Value> locals, ResumeFunction resume) {
  const size_t index = static_cast<size_t>(locals[kIndex].as_int());
  absl::InlinedVector<Value, kUsualVectors> args;
  for (Value vector : locals.subspan(kVectors)) {
    if (index >= Items(vector).size()) return locals[kResults];
    args.push_back(Items(vector)[index]);
  }
  return ctx.CallThen(locals[kProcedure], args, locals, resume);
}

template <bool kKeep>
EvalResult ResumeEach(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const int64_t index = locals[kIndex].as_int();
  if (kKeep) Items(locals[kResults])[static_cast<size_t>(index)] = result;
  locals[kIndex] = Value::Fixnum(index + 1);
  return CallAtIndex(ctx, locals, ResumeEach<kKeep>);
}

template <bool kKeep>
EvalResult Each(CallContext& ctx, Args args) {
  size_t shortest = SIZE_MAX;
  for (size_t i = 1; i < args.size(); ++i) {
    if (auto error = WantVector(ctx, args, i)) return *error;
    shortest = std::min(shortest, Items(args[i]).size());
  }
  Locals locals = {args[0], Value::Nil(), Value::Fixnum(0)};
  if (kKeep) {
    if (auto error = Afford(ctx, shortest)) return *error;
    locals[kResults] = ctx.heap().Vector(std::vector<Value>(shortest));
  }
  locals.insert(locals.end(), args.begin() + 1, args.end());
  return CallAtIndex(ctx, absl::MakeSpan(locals), ResumeEach<kKeep>);
}

constexpr absl::string_view kIntro =
    "A vector is a sequence of a fixed length, written `#(1 2 3)`. Any of its elements is reached "
    "in the same time, and can be replaced. Indices count from 0; a part of a vector goes from "
    "START up to, but without, END.";

constexpr Builtin kRows[] = {
    {"vector?", "x:any -> bool", IsVector, "Whether X is a vector.",
     "(vector? #(1)) => #t\n(vector? '(1)) => #f", 1},
    {"vector", "x:any... -> vector", VectorOf, "A new vector of the arguments.",
     "(vector 1 \"a\" 'b) => #(1 \"a\" b)", 1},
    {"make-vector", "length:int [fill:any] -> vector", MakeVector,
     "A new vector of LENGTH times FILL, or times `()`.",
     "(make-vector 2 'x) => #(x x)\n(make-vector -1) !! make-vector: length -1 out of range", 1},
    {"vector-length", "vector:vector -> int", Length, "The number of elements.",
     "(vector-length #(a b)) => 2", 1},
    {"vector-ref", "vector:vector index:int -> any", Ref, "The element at INDEX.",
     "(vector-ref #(a b c) 1) => b\n(vector-ref #(a) 1) !! vector-ref: index 1 out of range", 1},
    {"vector-set!", "vector:vector index:int x:any -> nil", SetElement, "Puts X at INDEX.",
     "(let ((v (vector 1 2))) (vector-set! v 0 'x) v) => #(x 2)", 1},
    {"vector->list", "vector:vector [start:int] [end:int] -> list", ToList,
     "A list of the elements, or of those from START to END.",
     "(vector->list #(1 2 3)) => (1 2 3)\n(vector->list #(1 2 3) 1 2) => (2)", 1},
    {"list->vector", "list:list -> vector", FromList, "A new vector of the elements of LIST.",
     "(list->vector '(1 2)) => #(1 2)", 1},
    {"vector-fill!", "vector:vector x:any [start:int] [end:int] -> nil", Fill,
     "Puts X at every index, or at those from START to END.",
     "(let ((v (vector 1 2 3))) (vector-fill! v 0 1) v) => #(1 0 0)", 1},
    {"vector-map", "procedure:procedure vector:vector vector:vector... -> vector", Each<true>,
     "A new vector of what PROCEDURE returns for the elements, in their order. It ends with the "
     "shortest VECTOR.",
     "(vector-map + #(1 2) #(10 20 30)) => #(11 22)", 1},
    {"vector-for-each", "procedure:procedure vector:vector vector:vector... -> nil", Each<false>,
     "Calls PROCEDURE for the elements, in their order, and returns `()`. It ends with the "
     "shortest VECTOR.",
     "(vector-for-each list #(1 2)) => ()", 1},
    {"vector-append", "vector:vector... -> vector", Append,
     "A new vector of the elements of all VECTORs, one after the other.",
     "(vector-append #(1) #(2 3)) => #(1 2 3)", 1},
    {"vector-copy", "vector:vector [start:int] [end:int] -> vector", Copy,
     "A new vector of the elements, or of those from START to END.",
     "(vector-copy #(1 2 3)) => #(1 2 3)\n(vector-copy #(1 2 3) 1) => #(2 3)", 1},
    {"subvector", "vector:vector start:int end:int -> vector", Copy,
     "A new vector of the elements from START to END.",
     "(subvector #(1 2 3) 0 2) => #(1 2)\n(subvector #(1 2 3) 2 1) !! subvector: index 2 out of "
     "range",
     1},
    {"vector-copy!", "to:vector at:int from:vector [start:int] [end:int] -> nil", CopyTo,
     "Puts the elements of FROM, or those from START to END, into TO, the first one at AT.",
     "(let ((v (vector 1 2 3))) (vector-copy! v 1 #(8 9)) v) => #(1 8 9)\n(vector-copy! (vector 1) "
     "0 #(8 9)) !! vector-copy!: the elements do not fit",
     1},
};

}  // namespace

BuiltinTable VectorBuiltins() { return {"Vectors", kIntro, kRows}; }

}  // namespace pelagos::reml
