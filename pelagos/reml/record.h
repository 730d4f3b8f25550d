// (define-record-type NAME CONSTRUCTOR PREDICATE FIELD...), R7RS 5.5: a type of its own for values
// with named fields.
//
//   (define-record-type point (make-point x y) point? (x point-x) (y point-y set-point-y!))
//
// defines `point` as the type and the procedures that are named there. CONSTRUCTOR is (NAME
// FIELD...), or a symbol, which takes all fields, or #f; fields that it does not take are `()`.
// PREDICATE may be #f. The brackets of a name like <point> are no part of what messages call it.
// Each evaluation makes a new type.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

class RecordType final : public Foreign {
 public:
  // `labels`: the fields as they are shown, keywords like `x:`.
  RecordType(std::string name, std::vector<Value> labels)
      : name_(std::move(name)), labels_(std::move(labels)) {}

  const std::string& name() const { return name_; }
  const std::vector<Value>& labels() const { return labels_; }
  // Keeps the signature of a constructor as long as the type, which its procedure holds.
  absl::string_view Keep(std::string signature) const {
    return *kept_.emplace_back(std::make_unique<std::string>(std::move(signature)));
  }

  absl::string_view type_name() const override { return "record-type"; }
  void Print(std::string* out) const override { *out += "#<record-type " + name_ + ">"; }

 private:
  const std::string name_;
  const std::vector<Value> labels_;  // symbols, which need no marks
  mutable std::vector<std::unique_ptr<std::string>> kept_;
};

class Record final : public Foreign {
 public:
  // Requires: `type` is a RecordType, with as many fields as there are `values`.
  Record(Value type, std::vector<Value> values)
      : type_(type), info_(*type.foreign<RecordType>()), values_(std::move(values)) {}

  Value type() const { return type_; }
  Value& field(size_t index) const { return values_[index]; }

  absl::string_view type_name() const override { return info_.name(); }
  void Print(std::string* out) const override { *out += "#<" + info_.name(); }
  // The fields and their values take turns: #<point x: 1 y: 2>.
  std::optional<std::vector<Value>> Parts() const override;
  void Trace(Marker& marker) const override {
    marker.Mark(type_);
    for (Value value : values_) marker.Mark(value);
  }

 private:
  const Value type_;
  const RecordType& info_;  // inside type_
  mutable std::vector<Value> values_;
};

std::optional<Value> ExpandDefineRecordType(MacroContext& ctx, Value form, Span span);

}  // namespace pelagos::reml
