// Several values where one is expected (R7RS 6.10, values).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

class ValuesObject final : public Foreign {
 public:
  explicit ValuesObject(std::vector<Value> items) : items_(std::move(items)) {}
  absl::string_view type_name() const override { return "values"; }
  void Print(std::string* out) const override { out->append("#<values"); }
  std::optional<std::vector<Value>> Parts() const override { return items_; }
  void Trace(Marker& marker) const override {
    for (Value item : items_) marker.Mark(item);
  }
  const std::vector<Value>& items() const { return items_; }

 private:
  const std::vector<Value> items_;
};

// What (values X...) gives: a single value is itself.
inline Value MultipleValues(Heap& heap, absl::Span<const Value> items) {
  if (items.size() == 1) return items[0];
  return heap.NewForeign(
      std::make_unique<ValuesObject>(std::vector<Value>(items.begin(), items.end())),
      items.size() * sizeof(Value));
}

// And apart again.
inline std::vector<Value> EachValue(Value value) {
  const auto* several = value.foreign<ValuesObject>();
  return several == nullptr ? std::vector<Value>{value} : several->items();
}

}  // namespace pelagos::reml
