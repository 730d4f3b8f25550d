// Where the values of one interpreter live, and what keeps them alive.
//
// A mark-and-sweep collector that stops the world at safe points only: the evaluator asks
// `due()` between two steps and calls Collect. An allocation never collects, so C++ code that makes
// values needs no care; what it wants to keep over the next run of a program it holds in a Root.
// Neither marking nor sweeping recurses: lists may be as deep as memory allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// Collects what is reachable; given to Foreign::Trace and to the evaluator.
class Marker {
 public:
  void Mark(Value value) {
    if (value.is_object()) Mark(value.object());
  }
  void Mark(const Object* object) {
    if (object == nullptr || object->marked) return;
    object->marked = true;
    waiting_.push_back(object);
  }

 private:
  friend class Heap;
  std::vector<const Object*> waiting_;
};

inline void VectorObject::Trace(Marker& marker) const {
  for (Value item : items) marker.Mark(item);
}

inline void Pair::Trace(Marker& marker) const {
  marker.Mark(car);
  marker.Mark(cdr);
}

class Root;

class Heap {
 public:
  // `limit`: bytes that may be alive after a collection. Until the next one there may be garbage
  // beside them, and what one builtin allocates: three times as much at most.
  explicit Heap(size_t limit);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  Value Integer(int64_t i) {
    return Value::FitsFixnum(i) ? Value::Fixnum(i) : Value::Of(New<IntegerObject>(0, i));
  }
  Value Float(double d) { return Value::Of(New<FloatObject>(0, d)); }
  Value String(std::string text);
  Value Intern(absl::string_view name);
  Pair* NewPair(Value car, Value cdr, Span car_span = {}, Span span = {});
  Value Cons(Value car, Value cdr, Span car_span = {}, Span span = {}) {
    return Value::Of(NewPair(car, cdr, car_span, span));
  }
  Value List(absl::Span<const Value> items);
  Value Vector(std::vector<Value> items);
  Value NewForeign(std::unique_ptr<const Foreign> foreign, size_t extra_bytes = 0);

  // Any other kind of object; `extra` counts what it owns beside itself.
  template <typename T, typename... Args>
  T* New(size_t extra, Args&&... args) {
    T* object = new T(std::forward<Args>(args)...);
    Adopt(object, sizeof(T) + extra);
    return object;
  }
  // Takes an object that its maker allocated with `new`.
  void Adopt(Object* object, size_t bytes);
  // An object owns more than before.
  void Grew(Object* object, size_t bytes);

  size_t bytes() const { return bytes_; }
  size_t limit() const { return limit_; }
  // Whether `more` bytes may still be allocated before a collection. Builtins whose result is not
  // bounded by their arguments ask first.
  bool Fits(size_t more) const { return more <= limit_ && bytes_ <= 3 * limit_ - more; }
  bool due() const { return bytes_ > threshold_ || stress_; }
  // Frees what neither Roots, nor global variables, nor `trace` reach. Returns whether what is left
  // is within the limit.
  bool Collect(const std::function<void(Marker&)>& trace);
  // For tests: a collection is due at every safe point.
  void set_stress(bool stress) { stress_ = stress; }

  // Binds a global variable.
  void SetGlobal(Symbol* symbol, Value value) {
    if (symbol->global.is_unbound()) globals_.push_back(symbol);
    symbol->global = value;
  }
  // All global variables, in the order of their first binding.
  const std::vector<Symbol*>& globals() const { return globals_; }

 private:
  friend class Root;
  void Sweep();

  const size_t limit_;
  size_t bytes_ = 0;
  size_t threshold_;
  bool stress_ = false;
  Object* objects_ = nullptr;
  Root* roots_ = nullptr;
  // Keys are the symbols' own names.
  absl::flat_hash_map<absl::string_view, std::unique_ptr<Symbol>> symbols_;
  std::vector<Symbol*> globals_;
};

// Keeps one value alive: a hook, a callback. Copies keep it alive too. Must not outlive the heap.
class Root {
 public:
  Root() = default;
  Root(Heap& heap, Value value) : heap_(&heap), value_(value) { Link(); }
  Root(const Root& o) : heap_(o.heap_), value_(o.value_) { Link(); }
  Root& operator=(const Root& o) {
    if (this == &o) return *this;
    Unlink();
    heap_ = o.heap_;
    value_ = o.value_;
    Link();
    return *this;
  }
  ~Root() { Unlink(); }

  Value get() const { return value_; }

 private:
  friend class Heap;
  void Link() {
    if (heap_ == nullptr) return;
    previous_ = nullptr;
    next_ = heap_->roots_;
    if (next_ != nullptr) next_->previous_ = this;
    heap_->roots_ = this;
  }
  void Unlink() {
    if (heap_ == nullptr) return;
    if (previous_ != nullptr) previous_->next_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    if (heap_->roots_ == this) heap_->roots_ = next_;
    heap_ = nullptr;
  }

  Heap* heap_ = nullptr;
  Value value_;
  Root* previous_ = nullptr;
  Root* next_ = nullptr;
};

// Builds a list front to back.
class ListBuilder {
 public:
  explicit ListBuilder(Heap& heap) : heap_(heap) {}
  void Add(Value value, Span span = {}) {
    Pair* pair = heap_.NewPair(value, Value::Nil(), span);
    if (last_ == nullptr) {
      first_ = Value::Of(pair);
      first_pair_ = pair;
    } else {
      last_->cdr = Value::Of(pair);
    }
    last_ = pair;
  }
  // Makes it a dotted list. Requires: not empty
  void SetTail(Value tail, Span span = {}) {
    last_->cdr = tail;
    last_->tail_span = span;
  }
  bool empty() const { return last_ == nullptr; }
  // The list, or `()`.
  Value Finish(Span span = {}) {
    if (first_pair_ != nullptr) first_pair_->span = span;
    return first_;
  }

 private:
  Heap& heap_;
  Value first_;
  Pair* first_pair_ = nullptr;
  Pair* last_ = nullptr;
};

}  // namespace pelagos::reml
