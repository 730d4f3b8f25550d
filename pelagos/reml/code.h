// What the evaluator runs: resolved code, and the variables that it runs on.
//
// A source's data become nodes one at a time, when they are first evaluated: a node starts as
// kPending with its datum and is then turned into what the datum means. So neither the length nor
// the depth of a program costs anything until it runs, a syntax error is an error of the program
// like any other, and a macro is expanded once per place where it is used.
//
// Scopes are known to the analyzer, frames exist at run time; their chains are parallel: a node is
// always evaluated with the frame that belongs to its scope. A null scope is the global one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// The names that one lambda, let, do or guard binds.
struct Scope : Object {
  Scope(Scope* p, std::vector<Symbol*> n)
      : Object(Kind::kInternal), parent(p), names(std::move(n)), fixed(names.size()) {}
  void Trace(Marker& marker) const override { marker.Mark(parent); }

  Scope* const parent;
  std::vector<Symbol*> names;  // the first `fixed` are parameters, the others `define`d in the body
  const size_t fixed;
};

// The values of one activation of a scope.
struct Frame : Object {
  static Frame* Make(Heap& heap, Frame* parent, size_t size) {
    Frame* frame = new (Slots{size}) Frame(parent, size);
    heap.Adopt(frame, sizeof(Frame) + size * sizeof(Value));
    return frame;
  }
  ~Frame() override {
    if (slots != Inline()) delete[] slots;
  }
  void operator delete(void* memory) { ::operator delete(memory); }
  void Trace(Marker& marker) const override {
    marker.Mark(parent);
    for (size_t i = 0; i < size; ++i) marker.Mark(slots[i]);
  }
  // Makes room when the scope has got more names since.
  void Resize(Heap& heap, size_t new_size) {
    Value* grown = new Value[new_size];
    for (size_t i = 0; i < new_size; ++i) grown[i] = i < size ? slots[i] : Value::Unbound();
    if (slots != Inline()) delete[] slots;
    slots = grown;
    size = new_size;
    heap.Grew(this, new_size * sizeof(Value));
  }

  Frame* const parent;
  size_t size;
  Value* slots;

 private:
  Frame(Frame* p, size_t n) : Object(Kind::kInternal), parent(p), size(n), slots(Inline()) {
    for (size_t i = 0; i < n; ++i) new (&slots[i]) Value(Value::Unbound());
  }
  // The slots lie behind the object, so that a call allocates once.
  struct Slots {
    size_t count;
  };
  void* operator new(size_t bytes, Slots slots) {
    return ::operator new(bytes + slots.count * sizeof(Value));
  }
  void operator delete(void* memory, Slots) { ::operator delete(memory); }
  Value* Inline() const {
    return reinterpret_cast<Value*>(
        const_cast<char*>(reinterpret_cast<const char*>(this) + sizeof(Frame)));
  }
};

enum class Op : uint8_t {
  kPending,
  kConstant,      // datum
  kLocal,         // name at (depth, index)
  kGlobal,        // name
  kCall,          // kids: operator, arguments
  kIf,            // kids: test, then, else
  kCond,          // kids: (test, body)...
  kWhen,          // kids: test, body...
  kUnless,        // kids: test, body...
  kAnd,           // kids
  kOr,            // kids
  kBegin,         // kids
  kDefine,        // kids: value; name
  kSet,           // kids: value, variable
  kLambda,        // kids: body...; inner, params, rest
  kDefmacro,      // kids: a kLambda; name
  kLet,           // kids: `params` initial values, body...; inner
  kNamedLet,      // kids: `params` initial values, a kLambda; inner holds the loop's name
  kLetStar,       // kids: `params` initial values, body...; scopes, one per value
  kLetrec,        // kids: `params` initial values, body...; inner
  kDo,            // kids: `params` initial values, `params` steps, test, result, body...; inner
  kGuard,         // kids: body, a kGuardClauses; inner holds the message and the error
  kGuardClauses,  // as kCond, but raises the error again when no test holds
  kQuasiquote,    // kids: the unquoted expressions in order; datum is the template
};

struct Node : Object {
  Node(Value d, Span s, Scope* sc, Node* use)
      : Object(Kind::kInternal), datum(d), span(s), scope(sc), macro_use(use) {}
  void Trace(Marker& marker) const override {
    marker.Mark(datum);
    marker.Mark(scope);
    marker.Mark(macro_use);
    marker.Mark(inner);
    marker.Mark(expanded_by);
    marker.Mark(expansion);
    for (Node* kid : kids) marker.Mark(kid);
    for (Scope* s : scopes) marker.Mark(s);
  }

  Op op = Op::kPending;
  bool rest = false;    // a lambda's last parameter takes all further arguments
  uint32_t params = 0;  // how many; without the rest parameter
  Value datum;
  Span span;
  Scope* scope;
  Node* macro_use;  // the call whose expansion this is a part of
  std::vector<Node*> kids;
  Symbol* name = nullptr;
  uint32_t depth = 0;  // frames outwards
  uint32_t index = 0;  // slot in that frame
  uint64_t epoch = 0;  // of the resolution, see Analyzer
  Scope* inner = nullptr;
  std::vector<Scope*> scopes;
  Value expanded_by;          // the macro that `expansion` comes from
  Node* expansion = nullptr;  // of a call that is the use of a macro
};

struct ClosureObject : Object {
  ClosureObject(Node* l, Frame* f) : Object(Kind::kClosure), lambda(l), frame(f) {}
  void Trace(Marker& marker) const override {
    marker.Mark(lambda);
    marker.Mark(frame);
  }
  Node* const lambda;
  Frame* const frame;
};

struct BuiltinObject : Object {
  explicit BuiltinObject(const Builtin& r)
      : Object(Kind::kBuiltin), row(r), arity(ArityOf(r.signature)) {}
  void Trace(Marker& marker) const override {
    for (Value value : captures) marker.Mark(value);
  }
  EvalResult Call(CallContext& ctx, absl::Span<const Value> args) const {
    return closure ? closure(ctx, args) : row.function(ctx, args);
  }

  const Builtin row;
  const Arity arity;
  BuiltinClosure closure;       // may be empty
  std::vector<Value> captures;  // see CallContext::NewProcedure
};

// A macro written in C++ gets the whole form as data. `value_of` gives the value of a variable as
// seen from there; Value::Unbound() when it has none.
struct MacroContext {
  Heap& heap;
  Diagnostics& diagnostics;
  std::function<Value(Symbol*)> value_of;
};
using NativeMacro = std::optional<Value> (*)(MacroContext& ctx, Value form, Span span);

struct MacroObject : Object {
  MacroObject(Symbol* n, Node* l, Frame* f) : Object(Kind::kMacro), name(n), lambda(l), frame(f) {}
  MacroObject(Symbol* n, NativeMacro f) : Object(Kind::kMacro), name(n), native(f) {}
  void Trace(Marker& marker) const override {
    marker.Mark(lambda);
    marker.Mark(frame);
  }
  Symbol* const name;
  Node* const lambda = nullptr;
  Frame* const frame = nullptr;
  const NativeMacro native = nullptr;
};

}  // namespace pelagos::reml
