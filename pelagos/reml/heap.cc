#include "pelagos/reml/heap.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "pelagos/reml/frame.h"

namespace pelagos::reml {
namespace {

// Below this many bytes collecting is not worth the pause.
constexpr size_t kFirstCollection = size_t{4} << 20;

}  // namespace

Heap::Heap(size_t limit) : limit_(limit), threshold_(std::min(limit, kFirstCollection)) {}

Heap::~Heap() {
  while (managed_ != nullptr) {
    Managed* next = managed_->next;
    delete managed_;
    managed_ = next;
  }
  for (Object* object : large_) ::operator delete(object);
}

Value Heap::String(absl::string_view text) {
  StringObject* object = NewWithTail<StringObject>(text.size(), text.size());
  if (!text.empty()) std::memcpy(const_cast<char*>(object->data()), text.data(), text.size());
  return Value::Of(object);
}

Value Heap::Intern(absl::string_view name) {
  const auto [symbol, is_new] = symbols_.Intern(name);
  // A symbol stays as long as the heap does, so it counts for good.
  if (is_new) bytes_ += sizeof(Symbol) + name.size() + 2 * sizeof(void*);
  return Value::Of(symbol);
}

Value Heap::Alias(Symbol* symbol, Scope* scope) {
  Symbol* alias = symbols_.NewUninterned(symbol->name);
  bytes_ += sizeof(Symbol) + symbol->name.size();
  alias->alias_of = symbol;
  alias->scope = scope;
  alias->special_form = symbol->special_form;
  if (scope != nullptr) aliases_.push_back(alias);
  return Value::Of(alias);
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

void* Heap::AllocateLarge(size_t bytes) {
  void* memory = ::operator new(bytes);
  large_.push_back(static_cast<Object*>(memory));
  return memory;
}

void Heap::Adopt(Managed* object, size_t bytes) {
  object->bytes = Counted(bytes);
  object->next = managed_;
  managed_ = object;
  bytes_ += object->bytes;
}

void Heap::Grew(Object* object, size_t bytes) {
  const size_t added = std::min<size_t>(bytes, UINT32_MAX - object->bytes);
  object->bytes += static_cast<uint32_t>(added);
  bytes_ += added;
}

void Heap::set_stress(bool stress) {
  stress_ = stress;
  if (stress) threshold_ = 0;
}

void Marker::TraceAll() {
  while (!waiting_.empty()) {
    const Object* object = waiting_.back();
    waiting_.pop_back();
    switch (object->kind) {
      case Kind::kInteger:
      case Kind::kFloat:
      case Kind::kFree:
        break;
      case Kind::kString:
        if (object->flag != 0) {
          const auto& error = static_cast<const ErrorObject&>(*object);
          Mark(error.text);
          Mark(error.message);
          Mark(error.irritants);
        }
        break;
      case Kind::kPair:
        Mark(static_cast<const Pair*>(object)->car);
        Mark(static_cast<const Pair*>(object)->cdr);
        break;
      case Kind::kClosure:
        Mark(static_cast<const ClosureObject*>(object)->code);
        Mark(static_cast<const ClosureObject*>(object)->frame);
        break;
      case Kind::kFrame: {
        const auto& frame = static_cast<const Frame&>(*object);
        Mark(frame.parent);
        Mark(frame.more);
        for (size_t i = 0; i < frame.size; ++i) Mark(frame.slots()[i]);
        break;
      }
      case Kind::kVector:
      case Kind::kForeign:
      case Kind::kBuiltin:
      case Kind::kMacro:
      case Kind::kInternal:
        static_cast<const Managed*>(object)->Trace(*this);
        break;
    }
  }
}

bool Heap::Collect(const std::function<void(Marker&)>& trace) {
  Marker marker;
  for (const Symbol* symbol : globals_) marker.Mark(symbol->global);
  for (const Symbol* alias : aliases_) marker.Mark(alias->scope);
  for (const Root* root = roots_; root != nullptr; root = root->next_) marker.Mark(root->value_);
  trace(marker);
  marker.TraceAll();
  Sweep();
  threshold_ = stress_ ? 0 : std::min(std::max(2 * bytes_, kFirstCollection), limit_ + limit_ / 2);
  return bytes_ <= limit_;
}

void Heap::Sweep() {
  Managed** link = &managed_;
  while (Managed* object = *link) {
    if (object->marked) {
      object->marked = false;
      link = &object->next;
    } else {
      *link = object->next;
      bytes_ -= object->bytes;
      delete object;
    }
  }
  std::erase_if(large_, [this](Object* object) {
    if (std::exchange(object->marked, false)) return false;
    bytes_ -= object->bytes;
    ::operator delete(object);
    return true;
  });
  cells_.Sweep([this](const Object& object) { bytes_ -= object.bytes; });
}

}  // namespace pelagos::reml
