#include "pelagos/language/names.h"

#include <algorithm>

#include "pelagos/language/names_walker.h"

namespace pelagos::language {

Names::Names(const reml::SyntaxTree& tree, std::string path, const Files& files)
    : tree_(tree), path_(std::move(path)) {
  Imports imports{files, {path_}};
  Walker(*this, imports).Run();
}

Names::Names(const reml::SyntaxTree& tree, std::string path, Imports& imports)
    : tree_(tree), path_(std::move(path)) {
  Walker(*this, imports).Run();
}

Meaning Names::MeaningOf(NodeId node) const {
  const auto found = meanings_.find(node);
  return found == meanings_.end() ? Meaning{} : found->second;
}

const Call* Names::CallOf(NodeId list) const {
  const auto found = call_index_.find(list);
  return found == call_index_.end() ? nullptr : &calls_[found->second];
}

const Definition* Names::DefinitionAt(NodeId word) const {
  const Meaning meaning = MeaningOf(word);
  return meaning.kind == Meaning::Kind::kDefinition ? &definitions_[meaning.definition] : nullptr;
}

ScopeId Names::ScopeAt(uint32_t offset) const {
  ScopeId best = 0;
  for (ScopeId id = 1; id < scopes_.size(); ++id) {
    const NameScope& scope = scopes_[id];
    if (offset < scope.begin || offset > scope.end) continue;
    // What is closed ends before the place behind it.
    if (offset == scope.end && tree_[scope.node].complete) continue;
    const NameScope& known = scopes_[best];
    if (best == 0 || scope.end - scope.begin <= known.end - known.begin) best = id;
  }
  return best;
}

Meaning Names::Lookup(absl::string_view name, ScopeId scope) const {
  for (;; scope = scopes_[scope].parent) {
    const auto found = index_.find(Key(scope, name));
    if (found != index_.end()) return {Meaning::Kind::kDefinition, found->second, nullptr};
    if (scope == 0) break;
  }
  if (const Word* word = Vocabulary::Get().Find(name)) return {Meaning::Kind::kWord, 0, word};
  return {Meaning::Kind::kUnknown, 0, nullptr};
}

std::vector<DefinitionId> Names::VisibleAt(uint32_t offset) const {
  std::vector<DefinitionId> visible;
  absl::flat_hash_set<absl::string_view> seen;
  for (ScopeId scope = ScopeAt(offset);; scope = scopes_[scope].parent) {
    for (DefinitionId id : scopes_[scope].definitions) {
      if (seen.insert(definitions_[id].name).second) visible.push_back(id);
    }
    if (scope == 0) return visible;
  }
}

}  // namespace pelagos::language
