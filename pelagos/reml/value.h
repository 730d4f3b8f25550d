// What a reml program computes with: one trivially copyable tagged word.
//
//   ...1  fixnum, 63 bits; wider integers are boxed, so that every i64 is exact
//   .000  object on the interpreter's heap
//   .010  symbol, interned: equal names are the same word
//   .110  (), #t, #f, the end of a port, characters, and the mark of an unbound variable
//
// A Value does not own what it points to. It stays good until the next collection of its Heap, and
// those happen only while a program runs: inside Interpreter::Evaluate, Interpreter::Call and
// CallContext::Call, never inside an allocation. What must live longer is held by a Root (heap.h).
//
// Pairs and strings are immutable; vectors, and what foreign values hold, may change and be cyclic.
// Pairs remember where they came from: the span of the list that starts with them, of their car,
// and of a dotted tail.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"

namespace pelagos::reml {

class Heap;
class Marker;
class Value;

enum class Kind : uint8_t {
  kInteger,  // outside the fixnums
  kFloat,
  kString,
  kPair,
  kVector,
  kForeign,
  kBuiltin,
  kClosure,
  kMacro,
  kFrame,  // these of the evaluator, never seen by a program
  kInternal,
  kFree,  // a cell of the heap without an object
};

// The head of everything on a Heap. Objects without a destructor live in the heap's cells; those
// with one are Managed.
struct Object {
  explicit Object(Kind k) : kind(k) {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  uint32_t bytes = 0;  // what it counts for
  Kind kind;
  mutable bool marked = false;  // during a collection: it is reachable
  uint8_t flag = 0;             // of some kinds: which variant it is
};

// An object that owns something beside its cell.
struct Managed : Object {
  explicit Managed(Kind k) : Object(k) {}
  virtual ~Managed() = default;
  // Marks what this object refers to.
  virtual void Trace(Marker&) const {}

  Managed* next = nullptr;  // all of the heap, newest first
};

// A value that the language does not know: a service, a network, a future. It is immutable as far
// as programs can tell, printed by Print, and named in messages by type_name ("service-spec").
class Foreign {
 public:
  virtual ~Foreign() = default;
  virtual absl::string_view type_name() const = 0;
  virtual void Print(std::string* out) const = 0;  // "#<service:db>"
  // The values that its text shows after what Print wrote, which is then without its end:
  // "#<hash-table" and (("a" . 1)) give #<hash-table ("a" . 1)>. Printing them is the printer's
  // work, so that no nesting is host recursion.
  virtual std::optional<std::vector<Value>> Parts() const;
  // Marks the Values that it holds, when it holds any.
  virtual void Trace(Marker&) const {}
};

struct Symbol;

class Value {
 public:
  constexpr Value() = default;  // ()

  static constexpr Value Nil() { return Value(); }
  static constexpr Value Bool(bool b) { return Value(b ? kTrue : kFalse); }
  static constexpr bool FitsFixnum(int64_t i) { return i >= -kFixnumLimit && i < kFixnumLimit; }
  // Requires: FitsFixnum(i). Heap::Integer makes any.
  static constexpr Value Fixnum(int64_t i) { return Value((static_cast<uint64_t>(i) << 1) | 1); }
  // Requires: it is the word of a Value.
  static constexpr Value OfWord(uint64_t word) { return Value(word); }
  static Value Of(const Object* object) {
    return Value(static_cast<uint64_t>(reinterpret_cast<uintptr_t>(object)));
  }
  static Value Of(const Symbol* symbol) {
    return Value(static_cast<uint64_t>(reinterpret_cast<uintptr_t>(symbol)) | kSymbolTag);
  }
  // A character, a Unicode scalar value.
  static constexpr Value Char(char32_t c) {
    return Value((static_cast<uint64_t>(c) << 8) | kCharTag);
  }
  // What reading from a port gives at its end.
  static constexpr Value Eof() { return Value(kEof); }
  // No program ever sees this one: a variable without a value yet.
  static constexpr Value Unbound() { return Value(kUnbound); }

  constexpr bool is_nil() const { return word_ == kNil; }
  constexpr bool is_bool() const { return word_ == kTrue || word_ == kFalse; }
  constexpr bool is_char() const { return (word_ & 0xff) == kCharTag; }
  constexpr bool is_eof() const { return word_ == kEof; }
  constexpr bool is_unbound() const { return word_ == kUnbound; }
  constexpr bool is_true() const { return word_ != kFalse; }  // only #f is false
  constexpr bool is_fixnum() const { return (word_ & 1) != 0; }
  constexpr bool is_object() const { return (word_ & 7) == 0; }
  constexpr bool is_symbol() const { return (word_ & 7) == kSymbolTag; }
  bool is_int() const { return is_fixnum() || Is(Kind::kInteger); }
  bool is_float() const { return Is(Kind::kFloat); }
  bool is_number() const { return is_int() || is_float(); }
  bool is_string() const { return Is(Kind::kString); }
  bool is_pair() const { return Is(Kind::kPair); }
  bool is_vector() const { return Is(Kind::kVector); }
  bool is_foreign() const { return Is(Kind::kForeign); }
  bool is_procedure() const { return Is(Kind::kBuiltin) || Is(Kind::kClosure); }
  bool is_builtin() const { return Is(Kind::kBuiltin); }
  bool is_closure() const { return Is(Kind::kClosure); }
  bool is_macro() const { return Is(Kind::kMacro); }
  bool is_keyword() const;  // a symbol that begins with ':'

  int64_t as_int() const;          // requires: is_int()
  double as_float() const;         // requires: is_float()
  double as_double() const;        // requires: is_number()
  absl::string_view text() const;  // requires: is_string() or is_symbol(); UTF-8
  bool is_error() const { return is_string() && object()->flag != 0; }         // see ErrorObject
  Value car() const;                                                      // requires: is_pair()
  Value cdr() const;                                                      // requires: is_pair()
  const struct Pair* pair() const;                                        // requires: is_pair()
  char32_t as_char() const { return static_cast<char32_t>(word_ >> 8); }  // requires: is_char()
  struct VectorObject* vector() const;                                    // requires: is_vector()
  Symbol* symbol() const;                                                 // requires: is_symbol()
  Object* object() const;                                                 // requires: is_object()
  // The foreign object as a T; nullptr when this is anything else.
  template <typename T>
  const T* foreign() const;

  // As messages name it: nil bool char eof int float string symbol pair vector lambda macro
  // procedure, or the name that a foreign object gives itself.
  absl::string_view type_name() const;

  constexpr uint64_t word() const { return word_; }
  // Identity; what programs call equal is in equality.h.
  friend constexpr bool operator==(Value a, Value b) { return a.word_ == b.word_; }

 private:
  static constexpr int64_t kFixnumLimit = int64_t{1} << 62;
  static constexpr uint64_t kSymbolTag = 2;
  static constexpr uint64_t kNil = 6, kTrue = 14, kFalse = 22, kUnbound = 30, kEof = 38;
  static constexpr uint64_t kCharTag = 46;

  constexpr explicit Value(uint64_t word) : word_(word) {}
  bool Is(Kind kind) const {
    return is_object() &&
           reinterpret_cast<const Object*>(static_cast<uintptr_t>(word_))->kind == kind;
  }

  uint64_t word_ = kNil;
};

struct Scope;

// Lives as long as its Heap does. Interned, but for those that an expansion made: such an alias
// means what `alias_of` means in `scope`, where the macro was defined (analyzer.h).
struct alignas(8) Symbol {
  explicit Symbol(std::string n) : name(std::move(n)) {}
  bool is_alias() const { return alias_of != nullptr; }

  const std::string name;
  Value global = Value::Unbound();  // the value of the global variable of this name
  uint8_t special_form = 0;         // the evaluator's number for it as the head of a list
  Symbol* alias_of = nullptr;       // may be an alias itself
  Scope* scope = nullptr;
};

struct IntegerObject : Object {
  explicit IntegerObject(int64_t i) : Object(Kind::kInteger), value(i) {}
  const int64_t value;
};

struct FloatObject : Object {
  explicit FloatObject(double d) : Object(Kind::kFloat), value(d) {}
  const double value;
};

// The text lies behind the object.
struct StringObject : Object {
  explicit StringObject(size_t s) : Object(Kind::kString), size(s) {}
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  absl::string_view text() const { return {data(), size}; }
  const size_t size;  // in bytes
};

// What an error of a program is to a guard: its whole message, as a string, and its parts (R7RS
// 6.11). Known by `flag`.
struct ErrorObject : Object {
  ErrorObject(Value t, Value m, Value i)
      : Object(Kind::kString), text(t), message(m), irritants(i) {
    flag = 1;
  }
  const Value text;     // a string
  const Value message;  // what (error MESSAGE ...) was given
  const Value irritants;
};

struct Pair : Object {
  Pair(Value a, Value d) : Object(Kind::kPair), car(a), cdr(d) {}
  const Value car;
  Value cdr;  // written only while its maker still builds the list
};

// Pairs that know where they come from, known by `flag`: those within a list, and those that begin
// or end one.
struct InnerPair : Pair {
  static constexpr uint8_t kFlag = 1;
  InnerPair(Value a, Value d) : Pair(a, d) { flag = kFlag; }
  Span car_span;  // of the car as it was written
};
struct SpannedPair : InnerPair {
  static constexpr uint8_t kFlag = 2;
  SpannedPair(Value a, Value d) : InnerPair(a, d) { flag = kFlag; }
  Span span;       // of the list that begins here, when this pair is its first
  Span tail_span;  // of a cdr that is neither pair nor ()
};

struct VectorObject : Managed {
  explicit VectorObject(std::vector<Value> v) : Managed(Kind::kVector), items(std::move(v)) {}
  void Trace(Marker& marker) const override;
  std::vector<Value> items;  // of a fixed length
};

struct ForeignObject : Managed {
  explicit ForeignObject(std::unique_ptr<const Foreign> f)
      : Managed(Kind::kForeign), foreign(std::move(f)) {}
  void Trace(Marker& marker) const override { foreign->Trace(marker); }
  const std::unique_ptr<const Foreign> foreign;
};

inline std::optional<std::vector<Value>> Foreign::Parts() const { return std::nullopt; }

inline Object* Value::object() const {
  return reinterpret_cast<Object*>(static_cast<uintptr_t>(word_));
}
inline Symbol* Value::symbol() const {
  return reinterpret_cast<Symbol*>(static_cast<uintptr_t>(word_ - kSymbolTag));
}
inline bool Value::is_keyword() const {
  return is_symbol() && !symbol()->name.empty() && symbol()->name.front() == ':';
}
inline int64_t Value::as_int() const {
  return is_fixnum() ? static_cast<int64_t>(word_) >> 1
                     : static_cast<const IntegerObject*>(object())->value;
}
inline double Value::as_float() const { return static_cast<const FloatObject*>(object())->value; }
inline double Value::as_double() const {
  return is_float() ? as_float() : static_cast<double>(as_int());
}
inline absl::string_view Value::text() const {
  if (is_symbol()) return symbol()->name;
  if (object()->flag != 0) return static_cast<const ErrorObject*>(object())->text.text();
  return static_cast<const StringObject*>(object())->text();
}
inline const Pair* Value::pair() const { return static_cast<const Pair*>(object()); }
inline VectorObject* Value::vector() const { return static_cast<VectorObject*>(object()); }
inline Value Value::car() const { return pair()->car; }
inline Value Value::cdr() const { return pair()->cdr; }

template <typename T>
const T* Value::foreign() const {
  if (!is_foreign()) return nullptr;
  return dynamic_cast<const T*>(static_cast<const ForeignObject*>(object())->foreign.get());
}

inline absl::string_view Value::type_name() const {
  if (is_fixnum()) return "int";
  if (is_symbol()) return "symbol";
  if (is_nil()) return "nil";
  if (is_char()) return "char";
  if (is_eof()) return "eof";
  if (!is_object()) return "bool";
  switch (object()->kind) {
    case Kind::kInteger:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "string";
    case Kind::kPair:
      return "pair";
    case Kind::kVector:
      return "vector";
    case Kind::kForeign:
      return static_cast<const ForeignObject*>(object())->foreign->type_name();
    case Kind::kBuiltin:
      return "procedure";
    case Kind::kClosure:
      return "lambda";
    case Kind::kMacro:
      return "macro";
    case Kind::kFrame:
    case Kind::kInternal:
    case Kind::kFree:
      break;
  }
  return "internal";
}

// The span of a list or dotted pair as it was written; unknown for anything else and for lists that
// no text stands for.
inline Span SpanOf(Value list) {
  if (!list.is_pair() || list.object()->flag != SpannedPair::kFlag) return Span();
  return static_cast<const SpannedPair*>(list.object())->span;
}
// The span of the first element. Requires: pair.is_pair()
inline Span CarSpan(Value pair) {
  return pair.object()->flag != 0 ? static_cast<const InnerPair*>(pair.object())->car_span : Span();
}
// The span of what follows the first element, when that is no pair. Requires: pair.is_pair()
inline Span TailSpan(Value pair) {
  return pair.object()->flag == SpannedPair::kFlag
             ? static_cast<const SpannedPair*>(pair.object())->tail_span
             : Span();
}

}  // namespace pelagos::reml
