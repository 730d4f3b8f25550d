// String ports: where text is read from, and where it is written to.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

class InputPort final : public Foreign {
 public:
  static Value Make(Heap& heap, std::string text) {
    const size_t bytes = sizeof(InputPort) + text.size();
    return heap.NewForeign(std::make_unique<InputPort>(std::move(text)), bytes);
  }
  // The port that a value is; nullptr when it is something else.
  static InputPort* From(Value value) {
    return const_cast<InputPort*>(value.foreign<InputPort>());  // made without const, above
  }
  explicit InputPort(std::string text) : text_(std::move(text)) {}

  // What has not been read yet.
  absl::string_view rest() const { return absl::string_view(text_).substr(at_); }
  void Skip(size_t bytes) { at_ += bytes; }

  // The next datum, which `read` has read together with all after it; nullopt: read the rest.
  std::optional<Value> NextDatum() {
    if (at_ != data_at_ || next_datum_ == data_.size()) return std::nullopt;
    const Datum& datum = data_[next_datum_++];
    at_ = data_at_ = data_begin_ + datum.span.end;
    return datum.value;
  }
  // All data of rest().
  void Remember(std::vector<Datum> data) {
    data_ = std::move(data);
    data_begin_ = data_at_ = at_;
    next_datum_ = 0;
  }

  absl::string_view type_name() const override { return "input-port"; }
  void Print(std::string* out) const override { out->append("#<input-port>"); }
  void Trace(Marker& marker) const override {
    for (const Datum& datum : data_) marker.Mark(datum.value);
  }

 private:
  const std::string text_;
  size_t at_ = 0;
  std::vector<Datum> data_;
  size_t next_datum_ = 0;
  size_t data_begin_ = 0;  // where the text that they were read from begins
  size_t data_at_ = 0;     // where the last one taken ends: good only while nobody reads on
};

class OutputPort final : public Foreign {
 public:
  static Value Make(Heap& heap) {
    auto port = std::make_unique<OutputPort>();
    OutputPort* inside = port.get();
    const Value value = heap.NewForeign(std::move(port), sizeof(OutputPort));
    inside->object_ = value.object();
    return value;
  }
  static OutputPort* From(Value value) {
    return const_cast<OutputPort*>(value.foreign<OutputPort>());  // made without const, above
  }

  std::string* text() { return &text_; }
  // To be called when text was added: the heap counts it.
  void Grew(Heap& heap) {
    if (text_.capacity() <= counted_) return;
    heap.Grew(object_, text_.capacity() - counted_);
    counted_ = text_.capacity();
  }

  absl::string_view type_name() const override { return "output-port"; }
  void Print(std::string* out) const override { out->append("#<output-port>"); }

 private:
  Object* object_ = nullptr;
  std::string text_;
  size_t counted_ = 0;
};

}  // namespace pelagos::reml
