// Sorting: a stable merge sort from the bottom up, whose comparisons the evaluator makes.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"

namespace pelagos::reml {
namespace {

// What a sort sets aside. Sorted runs of kWidth elements in kFrom are merged, two by two, into kTo;
// then these change places. kLow is where the first of the two runs begins, kLeft and kRight are
// the next elements of both.
enum Local : size_t { kLess, kFrom, kTo, kWidth, kLow, kLeft, kRight, kIsList, kLocals };

class Sort {
 public:
  Sort(CallContext& ctx, absl::Span<Value> locals)
      : ctx_(ctx),
        locals_(locals),
        width_(Number(kWidth)),
        low_(Number(kLow)),
        left_(Number(kLeft)),
        right_(Number(kRight)) {
    Look();
  }

  // `is_less`: whether the next element of the second run comes before that of the first. Equal
  // elements keep their order.
  void Take(bool is_less) {
    const size_t out = left_ + right_ - middle_;
    to_[out] = from_[is_less ? right_++ : left_++];
  }

  // Goes on until the next comparison, or to the end.
  EvalResult Go() {
    for (;;) {
      if (left_ < middle_ && right_ < high_) {
        SetNumber(kWidth, width_);
        SetNumber(kLow, low_);
        SetNumber(kLeft, left_);
        SetNumber(kRight, right_);
        return ctx_.CallThen(locals_[kLess], {from_[right_], from_[left_]}, locals_, Resume);
      }
      while (left_ < middle_) Take(false);
      while (right_ < high_) Take(true);
      low_ = high_;
      if (low_ == size_) {
        std::swap(locals_[kFrom], locals_[kTo]);
        width_ *= 2;
        low_ = 0;
        if (width_ >= size_) return Finish();
        if (!ctx_.Charge(size_)) return ctx_.OutOfSteps();
      }
      left_ = low_;
      right_ = std::min(low_ + width_, size_);
      Look();
    }
  }

  static EvalResult Resume(CallContext& ctx, absl::Span<Value> locals, Value result) {
    Sort sort(ctx, locals);
    sort.Take(result.is_true());
    return sort.Go();
  }

 private:
  size_t Number(Local local) const { return static_cast<size_t>(locals_[local].as_int()); }
  void SetNumber(Local local, size_t number) {
    locals_[local] = Value::Fixnum(static_cast<int64_t>(number));
  }
  void Look() {
    std::vector<Value>& from = locals_[kFrom].vector()->items;
    size_ = from.size();
    from_ = from.data();
    to_ = locals_[kTo].vector()->items.data();
    middle_ = std::min(low_ + width_, size_);
    high_ = std::min(middle_ + width_, size_);
  }
  EvalResult Finish() {
    const Value sorted = locals_[kFrom];
    if (!locals_[kIsList].is_true()) return sorted;
    ListBuilder list(ctx_.heap());
    for (Value item : sorted.vector()->items) list.Add(item);
    return list.Finish(ctx_.CallSpan());
  }

  CallContext& ctx_;
  const absl::Span<Value> locals_;
  size_t width_, low_, left_, right_;
  size_t size_ = 0, middle_ = 0, high_ = 0;
  const Value* from_ = nullptr;
  Value* to_ = nullptr;
};

EvalResult SortSequence(CallContext& ctx, Args args) {
  const size_t less = args[0].is_procedure() ? 0 : 1;
  const size_t index = 1 - less;
  const Value sequence = args[index];
  if (auto error = WantProcedure(ctx, args, less)) return *error;
  std::vector<Value> items;
  if (sequence.is_vector()) {
    items = sequence.vector()->items;
  } else if (sequence.is_pair() || sequence.is_nil()) {
    size_t length = 0;
    if (auto error = MeasureList(ctx, args, index, &length)) return *error;
    items.reserve(length);
    for (Value rest = sequence; rest.is_pair(); rest = rest.cdr()) items.push_back(rest.car());
  } else {
    return ctx.TypeError(index, "list or vector", sequence);
  }
  const size_t size = items.size();
  if (!ctx.Charge(size)) return ctx.OutOfSteps();
  if (!ctx.Fits(size * (2 * sizeof(Value) + sizeof(Pair)))) return ctx.OutOfMemory();
  if (size < 2) return sequence.is_vector() ? ctx.heap().Vector(std::move(items)) : sequence;
  Value locals[kLocals];
  locals[kLess] = args[less];
  locals[kTo] = ctx.heap().Vector(items);
  locals[kFrom] = ctx.heap().Vector(std::move(items));
  locals[kWidth] = Value::Fixnum(1);
  locals[kLow] = locals[kLeft] = Value::Fixnum(0);
  locals[kRight] = Value::Fixnum(1);
  locals[kIsList] = Value::Bool(!sequence.is_vector());
  return Sort(ctx, absl::MakeSpan(locals)).Go();
}

constexpr absl::string_view kDoc =
    "The elements of SEQUENCE, a list or a vector, in order: (LESS A B) says whether A must come "
    "before B. Elements of which neither must come first keep their order. The two arguments may "
    "also stand the other way round.";

constexpr Builtin kRows[] = {
    {"sort", "sequence:list|vector less:procedure -> list|vector", SortSequence, kDoc,
     "(sort '(3 1 2) <) => (1 2 3)\n(sort #(3 1 2) >) => #(3 2 1)\n"
     "(sort '(\"b\" \"a\") string<?) => (\"a\" \"b\")\n"
     "(sort 5 <) !! sort: expected list or vector, got int",
     1},
    {"list-sort", "less:procedure sequence:list|vector -> list|vector", SortSequence,
     "The same as `sort`.", "(list-sort < '(3 1 2)) => (1 2 3)", 1},
    {"vector-sort", "less:procedure sequence:list|vector -> list|vector", SortSequence,
     "The same as `sort`.", "(vector-sort < #(3 1 2)) => #(1 2 3)", 1},
};

}  // namespace

BuiltinTable SortBuiltins() { return {"Sorting", "", kRows}; }

}  // namespace pelagos::reml
