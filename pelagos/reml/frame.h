// Scopes, and what a running program makes of them: frames, and the closures that keep those.
#pragma once

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// The names that one lambda, let, do or guard binds.
struct Scope : Managed {
  Scope(Scope* p, std::vector<Symbol*> n)
      : Managed(Kind::kInternal), parent(p), names(std::move(n)), fixed(names.size()) {}
  void Trace(Marker& marker) const override { marker.Mark(parent); }

  Scope* const parent;
  std::vector<Symbol*> names;  // the first `fixed` are parameters, the others `define`d in the body
  const size_t fixed;
  bool late = false;  // a letrec's: a parameter may have no value yet
};

// What `symbol` is called in one scope after the other, outwards: an alias is itself up to where
// its macro was defined, and what it stands for from there on.
class NameWalk {
 public:
  explicit NameWalk(Symbol* symbol) : name_(symbol) {}
  Symbol* In(const Scope* scope) {
    while (name_->is_alias() && name_->scope == scope) name_ = name_->alias_of;
    return name_;
  }
  Symbol* Global() const {
    Symbol* name = name_;
    while (name->is_alias()) name = name->alias_of;
    return name;
  }

 private:
  Symbol* name_;
};

// The values of one activation of a scope: in slots behind the object, and in `more` when the scope
// has got names since.
struct Frame : Object {
  static Frame* Make(Heap& heap, Frame* parent, size_t size) {
    return heap.NewWithTail<Frame>(size * sizeof(Value), parent, size);
  }
  Frame(Frame* p, size_t n) : Object(Kind::kFrame), parent(p), size(n) {
    for (size_t i = 0; i < n; ++i) new (&slots()[i]) Value(Value::Unbound());
  }
  Value* slots() { return reinterpret_cast<Value*>(this + 1); }
  const Value* slots() const { return reinterpret_cast<const Value*>(this + 1); }
  // The slot, or nullptr when there is none yet.
  Value* Find(size_t index) {
    if (index < size) return &slots()[index];
    if (more == nullptr || index - size >= more->items.size()) return nullptr;
    return &more->items[index - size];
  }
  // Makes room when the scope has got more names since.
  void Resize(Heap& heap, size_t new_size) {
    if (more == nullptr) more = heap.New<VectorObject>(0, std::vector<Value>());
    more->items.resize(new_size - size, Value::Unbound());
    heap.Grew(more, new_size * sizeof(Value));
  }

  Frame* const parent;
  const size_t size;
  VectorObject* more = nullptr;
};

struct ClosureObject : Object {
  ClosureObject(Managed* c, Frame* f) : Object(Kind::kClosure), code(c), frame(f) {}
  Managed* const code;  // the Node of its lambda, see LambdaOf
  Frame* const frame;
};

}  // namespace pelagos::reml
