// Names at work: one walk over a program. Internal to names.cc and names_walker*.cc.
#pragma once

#include <string>

#include "pelagos/language/captures.h"
#include "pelagos/language/names.h"

namespace pelagos::language {

class Names::Walker {
 public:
  Walker(Names& names, Imports& imports)
      : names_(names), tree_(names.tree_), imports_(imports), vocabulary_(Vocabulary::Get()) {}

  void Run();

 private:
  // Where the walk is.
  struct State {
    ScopeId scope = 0;
    // How many bodies of procedures are around it: what they use is not needed before they are
    // called.
    uint32_t level = 0;
    bool macro = false;  // in the text of a macro: what is quoted may be code
    size_t depth = 0;

    State In(ScopeId inner) const {
      State state = *this;
      state.scope = inner;
      return state;
    }
    State Deferred() const {
      State state = *this;
      ++state.level;
      return state;
    }
  };

  // names_walker.cc: expressions
  void Walk(NodeId node, State state);
  // The node and its siblings behind it.
  void WalkAll(NodeId from, State state);
  void List(NodeId list, State state);
  void Quasi(NodeId node, size_t level, State state);
  void Reference(NodeId word, State state);
  void Assign(NodeId word, State state);
  // The words of a node that nothing sure is known of.
  void Vague(NodeId node, State state);
  void AddCall(NodeId list, NodeId head, Meaning meaning, bool vague, State state);

  // names_forms.cc: forms
  void Form(NodeId list, const Word& word, State state);
  void Around(NodeId list, const Word& word, const Match& match, State state);
  void Body(NodeId list, const Match& match, State state);
  void Sequential(NodeId list, const Match& match, State state);
  void Recursive(NodeId list, const Match& match, State state);
  void Clauses(NodeId list, const Match& match, State state);
  void MacroBindings(NodeId list, bool recursive, State state);
  void DefineService(NodeId list, State state);
  // `key`: the option, without its colon.
  void ServiceValue(NodeId value, absl::string_view key, State state);

  // names_forms.cc: definitions
  // Declares what a form defines around it; again does nothing.
  void DeclareForm(NodeId list, const Word& word, const Match& match, State state);
  void DeclareRecord(NodeId list, State state);
  // Declares what the form, or a form inside that opens no scope, defines.
  void Hoist(NodeId form, State state);
  DefinitionId Declare(NodeId word, ScopeId scope, Definition::Kind kind, NodeId form);
  void Import(NodeId list);
  ScopeId NewScope(NodeId list, uint32_t begin, State state);
  void SetValue(DefinitionId id, NodeId value);

  // The special form, or the macro of the language, that a head means in a scope.
  const Word* FormAt(absl::string_view head, ScopeId scope) const;
  bool Declared(NodeId word) const { return names_.meanings_.contains(word); }
  // The end of the child of `list` that the node is in.
  uint32_t EndOfPart(NodeId list, NodeId node) const;
  uint32_t BodyBegin(NodeId list, const Match& match) const;
  void WalkBody(const Match& match, State state);

  Names& names_;
  const reml::SyntaxTree& tree_;
  Imports& imports_;
  const Vocabulary& vocabulary_;
};

}  // namespace pelagos::language
