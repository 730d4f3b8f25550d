// What the evaluator computes itself instead of calling the builtin (code.h, Primitive), for the
// common kinds of arguments. `false`: not here; the builtin does it, and words the errors.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/base/attributes.h"
#include "absl/strings/string_view.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/equality.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/number.h"

namespace pelagos::reml {

// The builtins that have a primitive.
struct PrimitiveRow {
  absl::string_view name;
  Primitive primitive;
};
absl::Span<const PrimitiveRow> PrimitiveRows();

constexpr size_t ArgumentsOf(Primitive primitive) {
  return primitive == Primitive::kNone ? 0 : primitive >= Primitive::kCar ? 1 : 2;
}

namespace internal {

// Fixnums are compared and added as the words they are: twice the number, plus one.
inline int64_t Word(Value value) { return static_cast<int64_t>(value.word()); }

inline bool Fixnums(Value a, Value b) { return (a.word() & b.word() & 1) != 0; }

template <typename Holds>
inline bool CompareNumbers(Value a, Value b, Holds holds, Value& result) {
  if (Fixnums(a, b)) {
    result = Value::Bool(holds(Word(a) < Word(b) ? -1 : Word(a) > Word(b) ? 1 : 0));
    return true;
  }
  if (!a.is_number() || !b.is_number()) return false;
  const std::optional<int> order = Compare(a, b);
  result = Value::Bool(order && holds(*order));
  return true;
}

}  // namespace internal

// Requires: primitive is one of two arguments, but not kCons.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool Compute(Heap& heap, Primitive primitive, Value a, Value b,
                                                 Value& result) {
  using internal::Word;
  const bool fixnums = internal::Fixnums(a, b);
  switch (primitive) {
    case Primitive::kAdd: {
      int64_t sum = 0;
      if (fixnums && !__builtin_add_overflow(Word(a), Word(b) - 1, &sum)) {
        result = Value::OfWord(static_cast<uint64_t>(sum));
        return true;
      }
      if (!a.is_number() || !b.is_number()) return false;
      result = Add(heap, a, b);
      return true;
    }
    case Primitive::kSubtract: {
      int64_t difference = 0;
      if (fixnums && !__builtin_sub_overflow(Word(a), Word(b) - 1, &difference)) {
        result = Value::OfWord(static_cast<uint64_t>(difference));
        return true;
      }
      if (!a.is_number() || !b.is_number()) return false;
      result = Subtract(heap, a, b);
      return true;
    }
    case Primitive::kMultiply:
      if (!a.is_number() || !b.is_number()) return false;
      result = Multiply(heap, a, b);
      return true;
    case Primitive::kEqual:
      return internal::CompareNumbers(
          a, b, [](int order) { return order == 0; }, result);
    case Primitive::kLess:
      return internal::CompareNumbers(
          a, b, [](int order) { return order < 0; }, result);
    case Primitive::kGreater:
      return internal::CompareNumbers(
          a, b, [](int order) { return order > 0; }, result);
    case Primitive::kAtMost:
      return internal::CompareNumbers(
          a, b, [](int order) { return order <= 0; }, result);
    case Primitive::kAtLeast:
      return internal::CompareNumbers(
          a, b, [](int order) { return order >= 0; }, result);
    case Primitive::kQuotient:
      if (!fixnums || b.as_int() == 0) return false;
      result = heap.Integer(a.as_int() / b.as_int());
      return true;
    case Primitive::kRemainder:
      if (!fixnums || b.as_int() == 0) return false;
      result = Value::Fixnum(a.as_int() % b.as_int());
      return true;
    case Primitive::kModulo: {
      if (!fixnums || b.as_int() == 0) return false;
      const int64_t rest = a.as_int() % b.as_int();
      const bool other_sign = rest != 0 && (rest < 0) != (b.as_int() < 0);
      result = Value::Fixnum(other_sign ? rest + b.as_int() : rest);
      return true;
    }
    case Primitive::kEq:
      result = Value::Bool(Same(a, b));
      return true;
    case Primitive::kVectorRef:
      if (!a.is_vector() || !b.is_fixnum()) return false;
      if (static_cast<uint64_t>(b.as_int()) >= a.vector()->items.size()) return false;
      result = a.vector()->items[static_cast<size_t>(b.as_int())];
      return true;
    default:
      return false;
  }
}

// Requires: primitive is one of one argument.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool Compute(Primitive primitive, Value a, Value& result) {
  switch (primitive) {
    case Primitive::kCar:
      if (!a.is_pair()) return false;
      result = a.car();
      return true;
    case Primitive::kCdr:
      if (!a.is_pair()) return false;
      result = a.cdr();
      return true;
    case Primitive::kCadr:
      if (!a.is_pair() || !a.cdr().is_pair()) return false;
      result = a.cdr().car();
      return true;
    case Primitive::kCddr:
      if (!a.is_pair() || !a.cdr().is_pair()) return false;
      result = a.cdr().cdr();
      return true;
    case Primitive::kIsNull:
      result = Value::Bool(a.is_nil());
      return true;
    case Primitive::kIsPair:
      result = Value::Bool(a.is_pair());
      return true;
    case Primitive::kNot:
      result = Value::Bool(!a.is_true());
      return true;
    case Primitive::kIsZero:
      if (!a.is_fixnum()) return false;
      result = Value::Bool(a.as_int() == 0);
      return true;
    default:
      return false;
  }
}

}  // namespace pelagos::reml
