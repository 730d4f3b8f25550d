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
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/frame.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

enum class Op : uint8_t {
  kPending,
  kConstant,      // datum
  kArgument,      // name at (depth, index), which has a value for sure
  kLocal,         // name at (depth, index)
  kGlobal,        // name
  kCall,          // kids: operator, arguments
  kPrimitive,     // a kCall of a global builtin that the evaluator does itself; see `primitive`
  kIf,            // kids: test, then, else
  kCond,          // kids: (test, body)...
  kArrow,         // the body of a clause with =>; kids: receiver
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
  kGuard,         // kids: body, a kGuardClauses; inner holds the error and what the program sees
  kGuardClauses,  // as kCond, but raises the error again when no test holds
  kQuasiquote,    // kids: the unquoted expressions in order; datum is the template
};

// What the evaluator does itself for a call of a builtin, when the arguments are of the common
// kinds; for others it calls the builtin. Primitives have one or two arguments.
enum class Primitive : uint8_t {
  kNone,
  kAdd,
  kSubtract,
  kMultiply,
  kEqual,
  kLess,
  kGreater,
  kAtMost,
  kAtLeast,
  kQuotient,
  kRemainder,
  kModulo,
  kCons,
  kEq,
  kVectorRef,
  kCar,  // from here on: of one argument
  kCdr,
  kCadr,
  kCddr,
  kIsNull,
  kIsPair,
  kNot,
  kIsZero,
};

struct Node : Managed {
  Node(Value d, Span s, Scope* sc, Node* use)
      : Managed(Kind::kInternal), datum(d), span(s), scope(sc), macro_use(use) {}
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
  Primitive primitive = Primitive::kNone;
  bool rest = false;    // a lambda's last parameter takes all further arguments
  bool slow = false;    // a primitive whose arguments are not all at hand, see Machine::Quick
  uint32_t depth = 0;   // frames outwards
  uint32_t index = 0;   // slot in that frame
  uint32_t params = 0;  // how many; without the rest parameter
  uint64_t epoch = 0;   // of the resolution, see Analyzer
  std::vector<Node*> kids;
  Symbol* name = nullptr;
  Symbol* global = nullptr;  // of a kGlobal: whose value it is
  Value datum;
  Scope* inner = nullptr;
  Span span;
  Scope* scope;
  Node* macro_use;  // the call whose expansion this is a part of
  std::vector<Scope*> scopes;
  Value expanded_by;          // the macro that `expansion` comes from; of a primitive, its builtin
  Node* expansion = nullptr;  // of a call that is the use of a macro
};

inline Node& LambdaOf(const ClosureObject& closure) { return static_cast<Node&>(*closure.code); }
inline Node& LambdaOf(Value closure) {
  return LambdaOf(static_cast<const ClosureObject&>(*closure.object()));
}

// A procedure written in C++. Those of the tables only point at their rows, which are static.
struct BuiltinObject : Managed {
  struct Own {
    Builtin row;
    BuiltinClosure closure;       // may be empty
    std::vector<Value> captures;  // see CallContext::NewProcedure
  };
  enum StaticRow { kStaticRow };

  BuiltinObject(const Builtin& r, StaticRow)
      : Managed(Kind::kBuiltin), row(r), arity(ArityOf(r.signature)) {}
  explicit BuiltinObject(const Builtin& r, BuiltinClosure closure = nullptr,
                         std::vector<Value> captures = {})
      : Managed(Kind::kBuiltin),
        own(new Own{r, std::move(closure), std::move(captures)}),
        row(own->row),
        arity(ArityOf(r.signature)) {}
  void Trace(Marker& marker) const override {
    for (Value value : captures()) marker.Mark(value);
  }
  EvalResult Call(CallContext& ctx, absl::Span<const Value> args) const {
    return own != nullptr && own->closure ? own->closure(ctx, args) : row.function(ctx, args);
  }
  absl::Span<const Value> captures() const {
    return own == nullptr ? absl::Span<const Value>() : absl::MakeConstSpan(own->captures);
  }

  const std::unique_ptr<const Own> own;
  const Builtin& row;
  const Arity arity;
  Primitive primitive = Primitive::kNone;
};

struct MacroObject;

// A macro written in C++ gets the whole form as data. It may put procedures and macros into what it
// makes, so that no name that the user binds stands between; and aliases (Heap::Alias) instead of
// names that it brings itself.
struct MacroContext {
  Heap& heap;
  Diagnostics& diagnostics;
  // The value of a variable as seen from the use; Value::Unbound() when it has none.
  std::function<Value(Symbol*)> value_of;
  const MacroObject& macro;
  Scope* scope;  // of the use
};
using NativeMacro = std::optional<Value> (*)(MacroContext& ctx, Value form, Span span);

struct MacroObject : Managed {
  MacroObject(Symbol* n, Node* l, Frame* f) : Managed(Kind::kMacro), name(n), lambda(l), frame(f) {}
  MacroObject(Symbol* n, NativeMacro f, Value r = Value(), Scope* s = nullptr)
      : Managed(Kind::kMacro), name(n), native(f), rules(r), scope(s) {}
  void Trace(Marker& marker) const override {
    marker.Mark(lambda);
    marker.Mark(frame);
    marker.Mark(rules);
    marker.Mark(scope);
  }
  Symbol* const name;
  Node* const lambda = nullptr;
  Frame* const frame = nullptr;
  const NativeMacro native = nullptr;
  const Value rules;             // of syntax-rules, see syntax_rules.h
  Scope* const scope = nullptr;  // where it was defined
};

}  // namespace pelagos::reml
