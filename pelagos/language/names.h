// What every word of a program means, found out without running it: where names are bound, where
// they are used, what is called with what.
//
// It goes by the usages of the forms (reml/usage.h), so that it knows a new form as soon as the
// language has it. What it cannot know it says so: macros of the program are not expanded. Words in
// their uses are `vague`: they count as used if the name exists, and nothing is said of them else.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/language/vocabulary.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::language {

using reml::kNoNode;
using reml::NodeId;

using ScopeId = uint32_t;  // 0: the program
using DefinitionId = uint32_t;

// A name and where it is bound.
struct Definition {
  enum class Kind : uint8_t { kVariable, kParameter, kMacro };

  Kind kind = Kind::kVariable;
  std::string name;
  ScopeId scope = 0;
  NodeId node = kNoNode;  // the word that binds it; kNoNode: in an imported file
  NodeId form = kNoNode;  // the list that binds it: (define ...), (let ...)
  // The expression that it is bound to, when there is exactly one: of (define a X) and (let ((a X))
  // ...). kNoNode for procedures written (define (f) ...).
  NodeId value = kNoNode;
  // How many arguments it takes, when it is a procedure and nobody assigns to it.
  std::optional<reml::Arity> arity;
  bool assigned = false;              // by set!
  bool redefined = false;             // defined again in the same scope
  std::vector<NodeId> redefinitions;  // the words that do so
  std::vector<NodeId> uses;           // the words that mean it, in order, without set!
  // Of an imported file: its path, and where in it.
  std::string file;
  uint32_t begin = 0, end = 0;

  bool imported() const { return node == kNoNode; }
};

struct NameScope {
  ScopeId parent = 0;
  NodeId node = kNoNode;  // names are visible inside of it, from `begin` on
  uint32_t begin = 0;     // bytes
  uint32_t end = 0;
  uint32_t level = 0;  // how many bodies of procedures are around it
  std::vector<DefinitionId> definitions;
};

// What a word of the program is.
struct Meaning {
  enum class Kind : uint8_t {
    kDatum,       // quoted, a number, a keyword, an `else`, or the name of an option
    kDefinition,  // a name of the program
    kWord,        // a name of the language
    kUnknown,     // a name that nothing binds
    kVague,       // a name in the use of a macro of the program, which nothing binds
  };
  Kind kind = Kind::kDatum;
  DefinitionId definition = 0;
  const Word* word = nullptr;
};

// A list that is evaluated: a call, or a form.
struct Call {
  NodeId list = kNoNode;
  NodeId head = kNoNode;  // its first datum
  Meaning meaning;        // of the head, when that is a word; kDatum: it is another expression
  // Inside the use of a macro of the program: it may never be evaluated as it stands.
  bool vague = false;
  ScopeId scope = 0;
  bool deferred = false;  // in the body of a procedure: not run when the program gets there
};

class Names {
 public:
  // The content of a file that the program imports, by the path as it is known from the program's
  // own (`path` of the constructor); nullopt: it cannot be read. Without a function nothing is.
  using Files = std::function<std::optional<std::string>(const std::string& path)>;

  // `tree` must outlive it. `path` is the program's, to find what it imports. Nesting beyond
  // kDeepest is not looked into.
  Names(const reml::SyntaxTree& tree, std::string path = "", const Files& files = nullptr);
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  static constexpr size_t kDeepest = 1000;

  const reml::SyntaxTree& tree() const { return tree_; }
  absl::Span<const Definition> definitions() const { return definitions_; }
  absl::Span<const NameScope> scopes() const { return scopes_; }
  absl::Span<const Call> calls() const { return calls_; }  // in the order of the text, outer first

  // Of any node; kDatum unless it is a word with a meaning.
  Meaning MeaningOf(NodeId node) const;
  // The call whose list it is; nullptr: it is no call.
  const Call* CallOf(NodeId list) const;
  // The definition whose binding or use the word is.
  const Definition* DefinitionAt(NodeId word) const;

  // The innermost scope around a byte.
  ScopeId ScopeAt(uint32_t offset) const;
  // What a name would mean there.
  Meaning Lookup(absl::string_view name, ScopeId scope) const;
  // The names of the program that can be used there, innermost first, each once.
  std::vector<DefinitionId> VisibleAt(uint32_t offset) const;

  // Whether names may be bound that are not seen: something is imported that cannot be read.
  bool open_world() const { return open_world_; }
  // Whether a macro of the program may bind this name: it stands in a use or in the text of one.
  bool MayBeBound(absl::string_view name) const { return open_world_ || vague_.contains(name); }

  // Uses that are evaluated before the definition further down is: not in procedures that may be
  // called later.
  absl::Span<const NodeId> early_uses() const { return early_uses_; }

  // The forms that are not as their usage says: the node to point at, what is wrong ("let: expected
  // ((name value)...)"), and the usage of the form.
  struct Misshape {
    NodeId node = kNoNode;
    std::string message;
    std::string hint;
  };
  absl::Span<const Misshape> misshapes() const { return misshapes_; }

 private:
  class Walker;
  using Key = std::pair<ScopeId, absl::string_view>;

  // The files that are being imported, or have been.
  struct Imports {
    const Files& files;
    absl::flat_hash_set<std::string> seen;
  };
  Names(const reml::SyntaxTree& tree, std::string path, Imports& imports);

  const reml::SyntaxTree& tree_;
  std::string path_;
  std::vector<Definition> definitions_;
  std::vector<NameScope> scopes_;
  std::vector<Call> calls_;
  std::vector<Misshape> misshapes_;
  std::vector<NodeId> early_uses_;
  absl::flat_hash_map<Key, DefinitionId> index_;
  std::deque<std::string> imported_names_;  // that the index points into
  absl::flat_hash_map<NodeId, Meaning> meanings_;
  absl::flat_hash_map<NodeId, uint32_t> call_index_;
  absl::flat_hash_set<std::string> vague_;
  bool open_world_ = false;
};

}  // namespace pelagos::language
