// Where the values of one interpreter live, and what keeps them alive.
//
// A mark-and-sweep collector that stops the world at safe points only: the evaluator asks
// `due()` between two steps and calls Collect. An allocation never collects, so C++ code that makes
// values needs no care; what it wants to keep over the next run of a program it holds in a Root.
// Neither marking nor sweeping recurses: lists may be as deep as memory allows.
//
// Small objects without a destructor lie in cells (cells.h), all others are allocated one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/cells.h"
#include "pelagos/reml/symbol_table.h"
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
  void TraceAll();

  std::vector<const Object*> waiting_;
};

inline void VectorObject::Trace(Marker& marker) const {
  for (Value item : items) marker.Mark(item);
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
  Value String(absl::string_view text);
  Value Intern(absl::string_view name);
  const SymbolTable& symbols() const { return symbols_; }
  // A symbol that no text can name, which means what `symbol` means in `scope` (null: globally).
  Value Alias(Symbol* symbol, Scope* scope);
  Pair* NewPair(Value car, Value cdr) { return New<Pair>(0, car, cdr); }
  SpannedPair* NewPair(Value car, Value cdr, Span car_span, Span span) {
    SpannedPair* pair = New<SpannedPair>(0, car, cdr);
    pair->car_span = car_span;
    pair->span = span;
    return pair;
  }
  Value Cons(Value car, Value cdr) { return Value::Of(NewPair(car, cdr)); }
  Value Cons(Value car, Value cdr, Span car_span, Span span = {}) {
    return Value::Of(NewPair(car, cdr, car_span, span));
  }
  Value List(absl::Span<const Value> items);
  Value Vector(std::vector<Value> items);
  Value NewForeign(std::unique_ptr<const Foreign> foreign, size_t extra_bytes = 0);

  // Any other kind of object; `extra` counts what it owns beside itself.
  template <typename T, typename... Args>
  T* New(size_t extra, Args&&... args) {
    if constexpr (std::is_base_of_v<Managed, T>) {
      T* object = new T(std::forward<Args>(args)...);
      Adopt(object, sizeof(T) + extra);
      return object;
    } else {
      static_assert(std::is_trivially_destructible_v<T>);
      T* object = new (Allocate(sizeof(T))) T(std::forward<Args>(args)...);
      object->bytes = sizeof(T);
      return object;
    }
  }
  // An object with `tail` bytes behind it. Requires: T has no destructor.
  template <typename T, typename... Args>
  T* NewWithTail(size_t tail, Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    const size_t bytes = sizeof(T) + tail;
    T* object = new (Allocate(bytes)) T(std::forward<Args>(args)...);
    object->bytes = Counted(bytes);
    return object;
  }
  // An object owns more than before.
  void Grew(Object* object, size_t bytes);

  size_t bytes() const { return bytes_; }
  size_t limit() const { return limit_; }
  // Whether `more` bytes may still be allocated before a collection. Builtins whose result is not
  // bounded by their arguments ask first.
  bool Fits(size_t more) const { return more <= limit_ && bytes_ <= 3 * limit_ - more; }
  bool due() const { return bytes_ > threshold_; }
  // Frees what neither Roots, nor global variables, nor `trace` reach. Returns whether what is left
  // is within the limit.
  bool Collect(const std::function<void(Marker&)>& trace);
  // For tests: a collection is due at every safe point.
  void set_stress(bool stress);

  // Binds a global variable.
  void SetGlobal(Symbol* symbol, Value value) {
    if (symbol->global.is_unbound()) globals_.push_back(symbol);
    symbol->global = value;
  }
  // All global variables, in the order of their first binding.
  const std::vector<Symbol*>& globals() const { return globals_; }

 private:
  friend class Root;
  static uint32_t Counted(size_t bytes) {
    return bytes > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(bytes);
  }
  // Memory for an object that the caller makes at once, counted.
  void* Allocate(size_t bytes) {
    bytes_ += bytes;
    return bytes <= Cells::kLargest ? cells_.Allocate(bytes) : AllocateLarge(bytes);
  }
  void* AllocateLarge(size_t bytes);
  void Adopt(Managed* object, size_t bytes);
  void Sweep();

  const size_t limit_;
  size_t bytes_ = 0;
  size_t threshold_;
  bool stress_ = false;
  Cells cells_;
  std::vector<Object*> large_;
  Managed* managed_ = nullptr;
  Root* roots_ = nullptr;
  SymbolTable symbols_;
  std::vector<Symbol*> globals_;
  std::vector<Symbol*> aliases_;  // that have a scope
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
    if (last_ == nullptr) {
      first_pair_ = heap_.NewPair(value, Value::Nil(), span, Span());
      last_ = first_pair_;
      first_ = Value::Of(last_);
      return;
    }
    InnerPair* pair = heap_.New<InnerPair>(0, value, Value::Nil());
    pair->car_span = span;
    last_->cdr = Value::Of(pair);
    before_last_ = last_;
    last_ = pair;
  }
  // Makes it a dotted list. Requires: not empty
  void SetTail(Value tail, Span span = {}) {
    SpannedPair* pair = first_pair_;
    if (last_ != first_pair_) {
      // The last pair has to know more than those within.
      pair = heap_.NewPair(last_->car, tail, last_->car_span, Span());
      before_last_->cdr = Value::Of(pair);
      last_ = pair;
    }
    pair->cdr = tail;
    pair->tail_span = span;
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
  SpannedPair* first_pair_ = nullptr;
  InnerPair* before_last_ = nullptr;
  InnerPair* last_ = nullptr;
};

}  // namespace pelagos::reml
