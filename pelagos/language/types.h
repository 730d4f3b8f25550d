// Types as the signatures of procedures name them (reml/signature.h), as sets: what an expression
// may give, what a parameter takes.
//
//   "int|bool"   either          "list"    () or a pair        "number"  int or float
//   "any"        everything      "text"    string or symbol    "list<string>"  as list
//
// Names that layers above give theirs (service-spec) are types of their own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::language {

class TypeSet {
 public:
  constexpr TypeSet() = default;  // empty: no value is of it
  constexpr explicit TypeSet(uint64_t bits) : bits_(bits) {}

  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool any() const { return bits_ == ~uint64_t{0}; }
  // Whether it is exactly one type.
  constexpr bool single() const { return bits_ != 0 && (bits_ & (bits_ - 1)) == 0; }
  constexpr uint64_t bits() const { return bits_; }

  friend constexpr TypeSet operator|(TypeSet a, TypeSet b) { return TypeSet(a.bits_ | b.bits_); }
  friend constexpr TypeSet operator&(TypeSet a, TypeSet b) { return TypeSet(a.bits_ & b.bits_); }
  friend constexpr bool operator==(TypeSet, TypeSet) = default;

 private:
  uint64_t bits_ = 0;
};

inline constexpr TypeSet kAnyType = TypeSet(~uint64_t{0});

// The set that a signature means; "" is any.
TypeSet ParseType(absl::string_view type);

// The names of its single types, joined with '|'; "any" for all.
std::string TypeName(TypeSet set);

// Expressions whose values are of the type, to try a procedure with: none when the language cannot
// make one by itself. Each type has its turn before one has a second.
std::vector<absl::string_view> SamplesOf(TypeSet set);

// The type of a datum, as `quote` gives it. Requires: a datum that is no comment.
TypeSet TypeOfDatum(const reml::SyntaxTree& tree, reml::NodeId datum);

// Of a word that stands for itself: a number, #t, a keyword; empty for a symbol.
TypeSet TypeOfAtom(absl::string_view word);

}  // namespace pelagos::language
