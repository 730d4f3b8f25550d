// What C++ code does with lists.
#pragma once

#include <cstddef>
#include <optional>

#include "pelagos/reml/value.h"

namespace pelagos::reml {

// The number of elements; nullopt for dotted lists and what is no list at all.
inline std::optional<size_t> ListLength(Value list) {
  size_t count = 0;
  for (; list.is_pair(); list = list.cdr()) ++count;
  if (!list.is_nil()) return std::nullopt;
  return count;
}

}  // namespace pelagos::reml
