// What the forms do to names, by their usage (reml/usage.h) and reach (reml/forms.h).
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pelagos/language/names_walker.h"
#include "pelagos/reml/define_service.h"

namespace pelagos::language {
namespace {

using reml::Reach;
using reml::Role;
using reml::SyntaxNode;
using Kind = SyntaxNode::Kind;

bool HasParameters(const Match& match) {
  return std::any_of(match.captures.begin(), match.captures.end(),
                     [](const Capture& part) { return part.role == Role::kParameter; });
}

}  // namespace

void Names::Walker::Form(NodeId list, const Word& word, State state) {
  if (word.name() == "quasiquote") return Quasi(list, 1, state);
  if (word.name() == "define-service") return DefineService(list, state);
  const Match match = MatchForm(tree_, list, word);
  if (match.wrong != kNoNode) {
    absl::string_view usage = word.entry->usage;
    for (size_t way = match.way; way != 0; --way) usage.remove_prefix(usage.find('\n') + 1);
    names_.misshapes_.push_back({match.wrong,
                                 absl::StrCat(word.name(), ": expected ", match.expected),
                                 absl::StrCat("it is ", usage.substr(0, usage.find('\n')))});
  }
  if (DefinesSyntax(word) && word.entry->reach != Reach::kAround) {
    return MacroBindings(list, word.entry->reach == Reach::kRecursive, state);
  }
  switch (word.entry->reach) {
    case Reach::kAround:
      return Around(list, word, match, state);
    case Reach::kBody:
      return Body(list, match, state);
    case Reach::kSequential:
      return Sequential(list, match, state);
    case Reach::kRecursive:
      return Recursive(list, match, state);
    case Reach::kClause:
      return Clauses(list, match, state);
    case Reach::kNone:
      break;
  }
  // A macro may put off what it evaluates, as delay does.
  if (word.macro()) state = state.Deferred();
  for (const Capture& part : match.captures) {
    if (part.role == Role::kName) {
      Assign(part.node, state);
    } else if (part.role != Role::kDatum) {
      Walk(part.node, state);
    } else if (state.macro) {
      Vague(part.node, state);
    }
  }
}

void Names::Walker::WalkBody(const Match& match, State state) {
  for (const Capture& part : match.captures) {
    if (part.role == Role::kBody) Hoist(part.node, state);
  }
  for (const Capture& part : match.captures) {
    if (part.role == Role::kBody) Walk(part.node, state);
  }
}

void Names::Walker::Around(NodeId list, const Word& word, const Match& match, State state) {
  DeclareForm(list, word, match, state);
  if (DefinesSyntax(word)) {
    const std::vector<NodeId> parts = tree_.Data(list);
    for (size_t i = 2; i < parts.size(); ++i) Vague(parts[i], state);
    return;
  }
  if (word.name() == "define-record-type") return;
  for (const Capture& part : match.captures) {
    if (part.role == Role::kExpression) Walk(part.node, state);
  }
  const bool body = !word.ways.empty() && word.ways[match.way].has_body();
  if (!body) return;
  State inner = state.Deferred();
  inner.scope = NewScope(list, BodyBegin(list, match), inner);
  inner.macro = inner.macro || DefinesMacro(word);
  for (const Capture& part : match.captures) {
    if (part.role == Role::kParameter) {
      Declare(part.node, inner.scope, Definition::Kind::kParameter, list);
    }
  }
  WalkBody(match, inner);
}

uint32_t Names::Walker::EndOfPart(NodeId list, NodeId node) const {
  while (node != kNoNode && tree_[node].parent != list) node = tree_[node].parent;
  return tree_[node].end;
}

// From where on a cursor is in the body: behind what binds.
uint32_t Names::Walker::BodyBegin(NodeId list, const Match& match) const {
  uint32_t begin = tree_[list].begin + 1;
  for (const Capture& part : match.captures) {
    if (part.role != Role::kName && part.role != Role::kParameter) continue;
    begin = std::max(begin, EndOfPart(list, part.node));
  }
  for (const Capture& part : match.captures) {
    const bool inside =
        part.role == Role::kBody || (part.role == Role::kExpression && !IsValue(part));
    if (inside) begin = std::min(begin, tree_[part.node].begin);
  }
  return begin;
}

void Names::Walker::Body(NodeId list, const Match& match, State state) {
  const bool values = std::any_of(match.captures.begin(), match.captures.end(), IsValue);
  State inner = HasParameters(match) && !values ? state.Deferred() : state;
  inner.scope = NewScope(list, BodyBegin(list, match), inner);
  for (const Capture& part : match.captures) {
    if (IsValue(part)) Walk(part.node, state);
  }
  DefinitionId last = 0;
  bool named = false;
  NodeId loop = kNoNode;
  int bindings = 0;
  for (const Capture& part : match.captures) {
    if (part.role == Role::kName || part.role == Role::kParameter) {
      const bool parameter = part.role == Role::kParameter;
      last = Declare(part.node, inner.scope,
                     parameter ? Definition::Kind::kParameter : Definition::Kind::kVariable, list);
      named = !parameter && part.list != list;
      if (part.list == list && !parameter) loop = part.node;
      if (named) ++bindings;
    } else if (IsValue(part) && named) {
      // A loop comes with other values.
      if (loop == kNoNode) {
        if (tree_[part.node].parent == tree_[names_.definitions_[last].node].parent) {
          SetValue(last, part.node);
        }
      }
      named = false;
    } else if (part.word == "step") {
      names_.definitions_[last].value = kNoNode;
      names_.definitions_[last].arity.reset();
    }
  }
  if (loop != kNoNode) {
    Definition& definition = names_.definitions_[names_.meanings_[loop].definition];
    if (!definition.redefined) definition.arity = reml::Arity{bindings, bindings};
  }
  for (const Capture& part : match.captures) {
    if (part.role == Role::kExpression && !IsValue(part)) Walk(part.node, inner);
  }
  WalkBody(match, inner);
}

void Names::Walker::Sequential(NodeId list, const Match& match, State state) {
  std::vector<Capture> waiting;  // names whose value comes
  State inner = state;
  for (const Capture& part : match.captures) {
    if (part.role == Role::kName || part.role == Role::kParameter) {
      waiting.push_back(part);
    } else if (IsValue(part)) {
      Walk(part.node, inner);
      inner.scope = NewScope(list, tree_[part.list].end, inner);
      for (const Capture& name : waiting) {
        const DefinitionId id = Declare(name.node, inner.scope, Definition::Kind::kVariable, list);
        if (name.list == part.list && waiting.size() == 1) SetValue(id, part.node);
      }
      waiting.clear();
    }
  }
  inner.scope = NewScope(list, BodyBegin(list, match), inner);
  WalkBody(match, inner);
}

void Names::Walker::Recursive(NodeId list, const Match& match, State state) {
  State inner = state;
  inner.scope = NewScope(list, tree_[list].begin + 1, inner);
  DefinitionId last = 0;
  for (const Capture& part : match.captures) {
    if (part.role == Role::kName) {
      last = Declare(part.node, inner.scope, Definition::Kind::kVariable, list);
    } else if (IsValue(part)) {
      SetValue(last, part.node);
    }
  }
  for (const Capture& part : match.captures) {
    if (part.role == Role::kExpression) Walk(part.node, inner);
  }
  WalkBody(match, inner);
}

// (guard (name clause...) body...), (case-lambda (parameters body...)...)
void Names::Walker::Clauses(NodeId list, const Match& match, State state) {
  NodeId clause = kNoNode;
  State inner = state;
  std::vector<Capture> body;
  const auto finish = [&] {
    for (const Capture& part : body) Hoist(part.node, inner);
    for (const Capture& part : body) Walk(part.node, inner);
    body.clear();
  };
  for (const Capture& part : match.captures) {
    const bool binds = part.role == Role::kName || part.role == Role::kParameter;
    if (clause != kNoNode && tree_[part.node].begin >= tree_[clause].end) {
      finish();
      clause = kNoNode;
      inner = state;
    }
    if (binds) {
      if (clause == kNoNode) {
        clause = part.list;
        inner = part.role == Role::kParameter ? state.Deferred() : state;
        inner.scope = NewScope(clause, EndOfPart(clause, part.node), inner);
      }
      Declare(part.node, inner.scope,
              part.role == Role::kParameter ? Definition::Kind::kParameter
                                            : Definition::Kind::kVariable,
              list);
    } else if (part.role != Role::kDatum) {
      // (case-lambda (() body...)) binds nothing
      if (clause == kNoNode && part.list != list) {
        inner = state.Deferred();
        inner.scope = NewScope(part.list, tree_[part.node].begin, inner);
        clause = part.list;
      }
      body.push_back(part);
    }
  }
  finish();
}

void Names::Walker::MacroBindings(NodeId list, bool recursive, State state) {
  const std::vector<NodeId> parts = tree_.Data(list);
  State inner = state;
  inner.scope = NewScope(list, tree_[list].begin + 1, inner);
  if (parts.size() < 2) return;
  std::vector<NodeId> rules;
  for (NodeId binding : tree_.Data(parts[1])) {
    const std::vector<NodeId> pair = tree_.Data(binding);
    if (pair.empty() || tree_[pair[0]].kind != Kind::kWord) continue;
    Declare(pair[0], inner.scope, Definition::Kind::kMacro, list);
    rules.insert(rules.end(), pair.begin() + 1, pair.end());
  }
  for (NodeId rule : rules) Vague(rule, recursive ? inner : state);
  for (size_t i = 2; i < parts.size(); ++i) Hoist(parts[i], inner);
  for (size_t i = 2; i < parts.size(); ++i) Walk(parts[i], inner);
}

// As reml/define_service.h reads it.
void Names::Walker::DefineService(NodeId list, State state) {
  const std::vector<NodeId> parts = tree_.Data(list);
  if (parts.size() < 3) {
    const size_t got = parts.size() - 1;
    names_.misshapes_.push_back(
        {list, absl::StrCat("arity mismatch: expected at least 2 arguments, got ", got),
         "it is (define-service VARIABLE NAME :key value...)"});
  }
  if (parts.size() > 1 && tree_[parts[1]].kind == Kind::kWord && !Declared(parts[1])) {
    Declare(parts[1], state.scope, Definition::Kind::kVariable, list);
  }
  if (parts.size() > 2) Walk(parts[2], state);
  absl::string_view key;
  for (size_t i = 3; i < parts.size(); ++i) {
    const absl::string_view text = tree_.text(parts[i]);
    if (tree_[parts[i]].kind == Kind::kWord && text.front() == ':') {
      key = text.substr(1);
      continue;
    }
    ServiceValue(parts[i], key, state);
  }
}

void Names::Walker::ServiceValue(NodeId value, absl::string_view key, State state) {
  const SyntaxNode& syntax = tree_[value];
  if (syntax.kind == Kind::kWord && reml::TakesBareNames(key) &&
      names_.Lookup(tree_.text(value), state.scope).kind != Meaning::Kind::kDefinition) {
    return;
  }
  if (syntax.kind != Kind::kList) return Walk(value, state);
  const absl::string_view head = tree_.Head(value);
  if (!head.empty() && !IsConstant(head)) {
    if (FormAt(head, state.scope) != nullptr) return Walk(value, state);
    const Meaning meaning = names_.Lookup(head, state.scope);
    if (meaning.kind != Meaning::Kind::kDefinition) return Walk(value, state);
    const Definition& definition = names_.definitions_[meaning.definition];
    if (definition.arity) return Walk(value, state);
    // A procedure, or the first of several values: only the program knows.
    return Vague(value, state);
  }
  for (NodeId item = tree_.FirstDatum(value); item != kNoNode; item = tree_.NextDatum(item)) {
    if (tree_.text(item) != ".") Walk(item, state);
  }
}

}  // namespace pelagos::language
