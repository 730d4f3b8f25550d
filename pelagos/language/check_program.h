// What the groups of rules share: the program, what is known of its expressions, and where findings
// go. For check*.cc only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "pelagos/language/check.h"
#include "pelagos/language/names.h"
#include "pelagos/language/trial.h"
#include "pelagos/language/types.h"

namespace pelagos::language {

// How an expression is known.
enum class Known : uint8_t {
  kNot,    // it depends on what runs
  kNamed,  // but for names whose values are known
  kWhole,  // its text means the same anywhere
};

class Program {
 public:
  Program(const SourceMap& sources, uint32_t source, const Names& names);

  const SourceMap& sources;
  const uint32_t source;
  const Names& names;
  const reml::SyntaxTree& tree;
  // Whether the reader took the text. If not, broken forms may define anything.
  bool reads = true;
  // The forms that are not as their usage says: their parts mean nothing.
  absl::flat_hash_set<NodeId> misshapen;

  void Report(absl::string_view rule, Diagnostic diagnostic, std::vector<Diagnostic> notes = {});
  void Report(absl::string_view rule, NodeId at, std::string message, std::string hint = "",
              std::vector<Diagnostic> notes = {}) {
    Report(rule, {Severity::kError, SpanOf(at), std::move(message), std::move(hint)},
           std::move(notes));
  }
  Diagnostic Note(NodeId at, std::string message) const {
    return {Severity::kNote, SpanOf(at), std::move(message), ""};
  }
  std::vector<Finding> Take();

  Span SpanOf(NodeId node) const { return {source, tree[node].begin, tree[node].end}; }
  // Inside of what catches errors, or may not be evaluated at all: no error is reported there.
  bool Sheltered(NodeId node) const;
  // No more errors in there: [begin, end) in bytes.
  void Shelter(uint32_t begin, uint32_t end) { added_.push_back({begin, end}); }
  void Shelter(NodeId node) { Shelter(tree[node].begin, tree[node].end); }
  // Makes Sheltered know what was added.
  void SettleShelters();

  // The word of the language that a word of the program means, when the program never assigns to
  // it; nullptr otherwise.
  const Word* WordAt(NodeId node) const;
  const Word* WordOf(const Call& call) const {
    return call.head == kNoNode ? nullptr : WordAt(call.head);
  }
  bool Is(const Call& call, absl::string_view name) const {
    return call.meaning.kind == Meaning::Kind::kWord && call.meaning.word->name() == name;
  }
  // The form or call of that name at a node; nullptr: it is something else, or vague.
  const Call* CallAt(NodeId node, absl::string_view name) const;
  // Whether the form at a node makes a service and binds it: the macro of the language that does.
  bool DefinesService(NodeId node) const;

  // The name's one value; kNoNode: it has several, or is not known.
  NodeId ValueOf(const Definition& definition) const;
  // What an expression gives.
  TypeSet TypeOf(NodeId node) { return TypeOf(node, 0); }
  Known KnownAt(NodeId node) const { return known_[node]; }
  // The data of a list behind its head.
  std::vector<NodeId> ArgumentsOf(NodeId list) const;
  // Whether a list has the dot of a pair.
  bool Dotted(const std::vector<NodeId>& data) const;
  bool Quoted(NodeId node) const { return tree[node].token == reml::TokenKind::kQuote; }
  // What a quote quotes.
  NodeId Inside(NodeId prefix) const { return tree.FirstDatum(prefix); }
  // Whether it is a constant that counts as true, or the constant #f; neither when not known.
  bool ConstantTrue(NodeId node) const;
  bool ConstantFalse(NodeId node) const;

  // The names with known values in an expression, as bindings of a `let`: "(x 5) ".
  std::string BindingsOf(absl::Span<const NodeId> nodes) const;

  Trial& trial() {
    if (trial_ == nullptr) trial_ = std::make_unique<Trial>(source);
    return *trial_;
  }

 private:
  static constexpr int kDeepestType = 30;

  TypeSet TypeOf(NodeId node, int depth);
  TypeSet FindType(NodeId node, int depth);
  TypeSet TypeOfCall(NodeId node, int depth);
  TypeSet TypeOfWord(NodeId node, int depth);
  void FindShelters();
  void FindKnown();
  Known KnownOf(NodeId node, bool named);
  bool Stays(NodeId value);
  bool SafeToTry(const Word& word) const;

  struct Stretch {
    uint32_t begin = 0, end = 0;
  };
  std::vector<Finding> findings_;
  std::vector<Stretch> added_;
  std::vector<Stretch> shelters_;  // in order, apart from each other
  std::vector<Known> known_;       // by node
  std::vector<TypeSet> types_;     // by node; empty: not asked yet
  absl::flat_hash_map<NodeId, bool> stays_;
  absl::flat_hash_set<absl::string_view> assigned_;  // words of the language
  std::unique_ptr<Trial> trial_;
};

// The groups of rules.
void CheckSyntax(Program& program);    // check_syntax.cc: syntax, shape
void CheckNames(Program& program);     // check_names.cc: unbound names
void CheckCalls(Program& program);     // check_calls.cc: arities, types
void CheckBindings(Program& program);  // check_bindings.cc: unused, shadowing, twice
void CheckFlow(Program& program);      // check_flow.cc: what is never reached
void CheckServices(Program& program);  // check_services.cc: options, stacks

}  // namespace pelagos::language
