#include "pelagos/reml/heap.h"

#include <algorithm>

namespace pelagos::reml {
namespace {

// Below this many bytes collecting is not worth the pause.
constexpr size_t kFirstCollection = size_t{1} << 20;

}  // namespace

Heap::Heap(size_t limit) : limit_(limit), threshold_(std::min(limit, kFirstCollection)) {}

Heap::~Heap() {
  while (objects_ != nullptr) {
    Object* next = objects_->next;
    delete objects_;
    objects_ = next;
  }
}

Value Heap::String(std::string text) {
  const size_t size = text.capacity();
  return Value::Of(New<StringObject>(size, std::move(text)));
}

Value Heap::Intern(absl::string_view name) {
  if (auto it = symbols_.find(name); it != symbols_.end()) return Value::Of(it->second.get());
  auto symbol = std::make_unique<Symbol>(std::string(name));
  const Value value = Value::Of(symbol.get());
  // A symbol stays as long as the heap does, so it counts for good.
  bytes_ += sizeof(Symbol) + name.size() + 2 * sizeof(void*);
  const absl::string_view key = symbol->name;
  symbols_.emplace(key, std::move(symbol));
  return value;
}

Pair* Heap::NewPair(Value car, Value cdr, Span car_span, Span span) {
  Pair* pair = New<Pair>(0, car, cdr);
  pair->car_span = car_span;
  pair->span = span;
  return pair;
}

Value Heap::List(absl::Span<const Value> items) {
  ListBuilder list(*this);
  for (Value item : items) list.Add(item);
  return list.Finish();
}

Value Heap::Vector(std::vector<Value> items) {
  const size_t bytes = items.capacity() * sizeof(Value);
  return Value::Of(New<VectorObject>(bytes, std::move(items)));
}

Value Heap::NewForeign(std::unique_ptr<const Foreign> foreign, size_t extra_bytes) {
  return Value::Of(New<ForeignObject>(extra_bytes, std::move(foreign)));
}

void Heap::Adopt(Object* object, size_t bytes) {
  object->bytes = static_cast<uint32_t>(std::min<size_t>(bytes, UINT32_MAX));
  object->next = objects_;
  objects_ = object;
  bytes_ += object->bytes;
}

void Heap::Grew(Object* object, size_t bytes) {
  const size_t added = std::min<size_t>(bytes, UINT32_MAX - object->bytes);
  object->bytes += static_cast<uint32_t>(added);
  bytes_ += added;
}

bool Heap::Collect(const std::function<void(Marker&)>& trace) {
  Marker marker;
  for (const Symbol* symbol : globals_) marker.Mark(symbol->global);
  for (const Root* root = roots_; root != nullptr; root = root->next_) marker.Mark(root->value_);
  trace(marker);
  while (!marker.waiting_.empty()) {
    const Object* object = marker.waiting_.back();
    marker.waiting_.pop_back();
    object->Trace(marker);
  }
  Sweep();
  threshold_ = std::min(std::max(2 * bytes_, kFirstCollection), limit_ + limit_ / 2);
  return bytes_ <= limit_;
}

void Heap::Sweep() {
  Object** link = &objects_;
  while (Object* object = *link) {
    if (object->marked) {
      object->marked = false;
      link = &object->next;
    } else {
      *link = object->next;
      bytes_ -= object->bytes;
      delete object;
    }
  }
}

}  // namespace pelagos::reml
