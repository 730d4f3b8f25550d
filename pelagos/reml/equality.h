// When are two values the same?
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "pelagos/reml/number.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// eq? and eqv?: strings by their text, numbers by type and value (1 is not 1.0), all else by
// identity.
inline bool Same(Value a, Value b) {
  if (a == b) return !a.is_float() || a.as_float() == a.as_float();
  if (!a.is_object() || !b.is_object()) return false;
  if (a.is_string() && b.is_string()) return a.text() == b.text();
  if (a.is_int() && b.is_int()) return a.as_int() == b.as_int();
  return a.is_float() && b.is_float() && a.as_float() == b.as_float();
}

// equal?: lists and vectors by their elements, numbers by value (1 equals 1.0). Does not recurse.
// Each element costs one of `budget`, which a comparison of much shared or of cyclic structure can
// exhaust: nullopt.
inline std::optional<bool> Equal(Value a, Value b, uint64_t budget, uint64_t* used = nullptr) {
  std::vector<std::pair<Value, Value>> waiting = {{a, b}};
  uint64_t steps = 0;
  std::optional<bool> result = true;
  while (!waiting.empty()) {
    if (steps++ >= budget) {
      result = std::nullopt;
      break;
    }
    std::tie(a, b) = waiting.back();
    waiting.pop_back();
    if (a.is_pair() && b.is_pair()) {
      if (a == b) continue;
      waiting.emplace_back(a.cdr(), b.cdr());
      waiting.emplace_back(a.car(), b.car());
      continue;
    }
    if (a.is_vector() && b.is_vector()) {
      const std::vector<Value>& left = a.vector()->items;
      const std::vector<Value>& right = b.vector()->items;
      if (left.size() == right.size()) {
        if (a == b) continue;
        steps += left.size();
        if (steps >= budget) {
          result = std::nullopt;
          break;
        }
        for (size_t i = left.size(); i > 0; --i) waiting.emplace_back(left[i - 1], right[i - 1]);
        continue;
      }
    }
    if (a.is_number() && b.is_number() ? Compare(a, b) == 0 : Same(a, b)) continue;
    result = false;
    break;
  }
  if (used != nullptr) *used = steps;
  return result;
}

}  // namespace pelagos::reml
