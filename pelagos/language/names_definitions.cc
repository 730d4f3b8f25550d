// What forms define: the names, where they are visible, and what is known of their values.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/language/names_walker.h"

namespace pelagos::language {
namespace {

using reml::Reach;
using reml::Role;
using reml::SyntaxNode;
using Kind = SyntaxNode::Kind;

}  // namespace

ScopeId Names::Walker::NewScope(NodeId list, uint32_t begin, State state) {
  NameScope scope;
  scope.parent = state.scope;
  scope.node = list;
  scope.begin = begin;
  scope.end = tree_[list].end;
  scope.level = state.level;
  names_.scopes_.push_back(std::move(scope));
  return static_cast<ScopeId>(names_.scopes_.size() - 1);
}

DefinitionId Names::Walker::Declare(NodeId word, ScopeId scope, Definition::Kind kind,
                                    NodeId form) {
  absl::string_view name = tree_.text(word);
  if (tree_[word].kind == Kind::kString && tree_[word].complete) {
    name = name.substr(1, name.size() - 2);
  }
  const auto [at, added] = names_.index_.try_emplace(
      Key(scope, name), static_cast<DefinitionId>(names_.definitions_.size()));
  const DefinitionId id = at->second;
  names_.meanings_[word] = {Meaning::Kind::kDefinition, id, nullptr};
  if (!added) {
    Definition& known = names_.definitions_[id];
    known.redefined = true;
    known.redefinitions.push_back(word);
    known.arity.reset();
    known.value = kNoNode;
    if (kind == Definition::Kind::kMacro) known.kind = kind;
    return id;
  }
  Definition definition;
  definition.kind = kind;
  definition.name = std::string(name);
  definition.scope = scope;
  definition.node = word;
  definition.form = form;
  definition.begin = tree_[word].begin;
  definition.end = tree_[word].end;
  names_.definitions_.push_back(std::move(definition));
  names_.scopes_[scope].definitions.push_back(id);
  return id;
}

void Names::Walker::SetValue(DefinitionId id, NodeId value) {
  Definition& definition = names_.definitions_[id];
  if (definition.redefined) return;
  definition.value = value;
  if (tree_.Head(value) != "lambda" || definition.assigned) return;
  const std::vector<NodeId> parts = tree_.Data(value);
  if (parts.size() > 1) definition.arity = ArityOfFormals(tree_, parts[1]);
}

void Names::Walker::Hoist(NodeId form, State state) {
  if (++state.depth > kDeepest || tree_[form].kind != Kind::kList) return;
  const absl::string_view head = tree_.Head(form);
  if (!head.empty()) {
    if (const Word* word = FormAt(head, state.scope)) {
      if (word->entry->reach == Reach::kAround) {
        return DeclareForm(form, *word, MatchForm(tree_, form, *word), state);
      }
      const bool data = !word->ways.empty() && word->ways[0].parts.size() == 1 &&
                        word->ways[0].parts[0].role == Role::kDatum;
      if (word->entry->reach != Reach::kNone || data) return;
    } else {
      const Meaning meaning = names_.Lookup(head, state.scope);
      if (meaning.kind == Meaning::Kind::kWord && head == "import") return Import(form);
      if (meaning.kind == Meaning::Kind::kDefinition &&
          names_.definitions_[meaning.definition].kind == Definition::Kind::kMacro) {
        return;
      }
    }
  }
  for (NodeId child = tree_[form].first; child != kNoNode; child = tree_[child].next) {
    Hoist(child, state);
  }
}

void Names::Walker::DeclareForm(NodeId list, const Word& word, const Match& match, State state) {
  if (word.name() == "define-record-type") return DeclareRecord(list, state);
  const bool macro = DefinesMacro(word);
  for (size_t i = 0; i < match.captures.size(); ++i) {
    const Capture& part = match.captures[i];
    if (part.role != Role::kName || Declared(part.node)) continue;
    const DefinitionId id =
        Declare(part.node, state.scope,
                macro ? Definition::Kind::kMacro : Definition::Kind::kVariable, list);
    if (macro) continue;
    const bool procedure = part.list != list && match.way > 0;
    if (procedure) {
      Definition& definition = names_.definitions_[id];
      if (!definition.redefined) definition.arity = ArityOfFormals(tree_, part.list, 1);
    } else if (i + 1 < match.captures.size() && IsValue(match.captures[i + 1])) {
      SetValue(id, match.captures[i + 1].node);
    }
  }
}

// (define-record-type name constructor predicate field...), see reml/record.h
void Names::Walker::DeclareRecord(NodeId list, State state) {
  const std::vector<NodeId> parts = tree_.Data(list);
  const auto declare = [&](NodeId word, reml::Arity arity) {
    if (tree_[word].kind != Kind::kWord || IsConstant(tree_.text(word)) || Declared(word)) return;
    Definition& definition =
        names_.definitions_[Declare(word, state.scope, Definition::Kind::kVariable, list)];
    if (!definition.redefined) definition.arity = arity;
  };
  if (parts.size() > 1) {
    declare(parts[1], {0, reml::Arity::kAny});
    if (Declared(parts[1])) {
      names_.definitions_[names_.meanings_[parts[1]].definition].arity.reset();
    }
  }
  const int fields = static_cast<int>(parts.size()) - 4;
  if (parts.size() > 2) {
    const std::vector<NodeId> names = tree_.Data(parts[2]);
    if (tree_[parts[2]].kind == Kind::kWord) {
      declare(parts[2], {std::max(0, fields), std::max(0, fields)});
    } else if (!names.empty()) {
      const int count = static_cast<int>(names.size()) - 1;
      declare(names[0], {count, count});
    }
  }
  if (parts.size() > 3) declare(parts[3], {1, 1});
  for (size_t i = 4; i < parts.size(); ++i) {
    const std::vector<NodeId> field = tree_.Data(parts[i]);
    if (field.size() > 1) declare(field[1], {1, 1});
    if (field.size() > 2) declare(field[2], {2, 2});
  }
}

void Names::Walker::Import(NodeId list) {
  const std::vector<NodeId> parts = tree_.Data(list);
  if (parts.size() < 2) return;
  const SyntaxNode& first = tree_[parts[1]];
  if (first.kind == Kind::kList) return;  // libraries of R7RS, which are always there
  if (first.kind != Kind::kString || !first.complete || first.end - first.begin < 3) {
    names_.open_world_ = true;
    return;
  }
  absl::string_view name = tree_.text(parts[1]);
  name = name.substr(1, name.size() - 2);
  std::string path(name);
  const size_t slash = names_.path_.rfind('/');
  if (name.front() != '/' && slash != std::string::npos) {
    path = absl::StrCat(names_.path_.substr(0, slash + 1), name);
  }
  constexpr size_t kMost = 100;
  if (imports_.seen.contains(path)) return;
  const bool room = imports_.files && imports_.seen.size() < kMost;
  imports_.seen.insert(path);
  const std::optional<std::string> text = room ? imports_.files(path) : std::nullopt;
  if (!text || absl::StrContains(name, '\\')) {
    names_.open_world_ = true;
    return;
  }
  const reml::SyntaxTree tree(*text);
  const Names imported(tree, path, imports_);
  names_.open_world_ |= imported.open_world_;
  names_.vague_.insert(imported.vague_.begin(), imported.vague_.end());
  for (DefinitionId from : imported.scopes_[0].definitions) {
    Definition definition = imported.definitions_[from];
    if (definition.file.empty()) definition.file = path;
    definition.node = definition.form = definition.value = kNoNode;
    definition.uses.clear();
    names_.imported_names_.push_back(definition.name);
    const DefinitionId id = static_cast<DefinitionId>(names_.definitions_.size());
    const auto [at, added] = names_.index_.try_emplace(Key(0, names_.imported_names_.back()), id);
    if (!added) {
      names_.definitions_[at->second].redefined = true;
      names_.definitions_[at->second].arity.reset();
      continue;
    }
    names_.definitions_.push_back(std::move(definition));
    names_.scopes_[0].definitions.push_back(id);
  }
}

}  // namespace pelagos::language
