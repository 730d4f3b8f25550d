// Numbers of reml: 64-bit integers and doubles.
//
// An integer result that does not fit in 64 bits becomes a float, with a float's precision; it
// never wraps. docs/reml/numbers.md tells users.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// Requires of all of these: both are numbers.
Value Add(Heap& heap, Value a, Value b);
Value Subtract(Heap& heap, Value a, Value b);
Value Multiply(Heap& heap, Value a, Value b);
// An integer when both are and it divides exactly. Integers are not divided by the integer 0: that
// is nullopt.
std::optional<Value> Divide(Heap& heap, Value a, Value b);
Value Power(Heap& heap, Value base, Value exponent);
// -1, 0, 1, or nullopt when one is not a number (NaN). Exact for integers against floats.
std::optional<int> Compare(Value a, Value b);

// A float that is a whole number in the range of integers counts as an integer.
std::optional<int64_t> ToInteger(Value value);

// What a word of the source is: an integer or float, kNotNumber, or kOutOfRange.
enum class NotANumber { kNotNumber, kOutOfRange };
std::variant<int64_t, double, NotANumber> ParseNumber(absl::string_view word);

// The shortest digits that read back as `d`, never with an exponent; ".0" when integral; "inf",
// "-inf" and "NaN".
std::string FormatFloat(double d);

}  // namespace pelagos::reml
