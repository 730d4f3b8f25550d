#include "pelagos/reml/primitive.h"

namespace pelagos::reml {
namespace {

constexpr PrimitiveRow kRows[] = {
    {"+", Primitive::kAdd},
    {"-", Primitive::kSubtract},
    {"*", Primitive::kMultiply},
    {"=", Primitive::kEqual},
    {"<", Primitive::kLess},
    {">", Primitive::kGreater},
    {"<=", Primitive::kAtMost},
    {">=", Primitive::kAtLeast},
    {"quotient", Primitive::kQuotient},
    {"remainder", Primitive::kRemainder},
    {"modulo", Primitive::kModulo},
    {"cons", Primitive::kCons},
    {"eq?", Primitive::kEq},
    {"eqv?", Primitive::kEq},
    {"vector-ref", Primitive::kVectorRef},
    {"car", Primitive::kCar},
    {"cdr", Primitive::kCdr},
    {"cadr", Primitive::kCadr},
    {"cddr", Primitive::kCddr},
    {"null?", Primitive::kIsNull},
    {"pair?", Primitive::kIsPair},
    {"not", Primitive::kNot},
    {"zero?", Primitive::kIsZero},
};

}  // namespace

absl::Span<const PrimitiveRow> PrimitiveRows() { return kRows; }

}  // namespace pelagos::reml
