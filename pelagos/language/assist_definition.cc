// Where names are bound, and where they are used.
#include <algorithm>

#include "pelagos/language/assist.h"
#include "pelagos/language/place.h"
#include "pelagos/language/specs.h"

namespace pelagos::language {
namespace {

using reml::SyntaxTree;
using Kind = reml::SyntaxNode::Kind;

// The spec that the atom names, or whose name it is.
std::optional<Spec> SpecAt(const Names& names, NodeId atom) {
  for (Spec& spec : SpecsOf(names)) {
    if (spec.name_range == AtomRange(names.tree(), atom)) return std::move(spec);
  }
  return SpecNamedAt(names, atom);
}

}  // namespace

std::optional<Place> DefinitionOf(const Names& names, uint32_t offset) {
  const NodeId node = WordAt(names.tree(), offset);
  if (node == kNoNode) return std::nullopt;
  if (const Definition* definition = names.DefinitionAt(node)) {
    return Place{definition->imported() ? definition->file : "",
                 {definition->begin, definition->end}};
  }
  if (const std::optional<Spec> spec = SpecAt(names, node)) return Place{"", spec->name_range};
  return std::nullopt;
}

std::vector<Range> UsesOf(const Names& names, uint32_t offset) {
  const SyntaxTree& tree = names.tree();
  const NodeId node = WordAt(tree, offset);
  std::vector<Range> uses;
  if (node == kNoNode) return uses;
  if (const Definition* definition = names.DefinitionAt(node)) {
    for (NodeId id = 1; id < tree.size(); ++id) {
      if (tree[id].kind == Kind::kWord && names.DefinitionAt(id) == definition) {
        uses.push_back({tree[id].begin, tree[id].end});
      }
    }
    return uses;
  }
  const std::optional<Spec> spec = SpecAt(names, node);
  if (!spec) return uses;
  constexpr size_t kMost = 1000;  // of those that are looked at
  size_t looked = 0;
  for (NodeId id = 1; id < tree.size() && looked < kMost; ++id) {
    if (!tree[id].atom() || AtomText(tree, id) != spec->name) continue;
    ++looked;
    const Range range = AtomRange(tree, id);
    if (range == spec->name_range || KindOf(NamedAt(names, id)) == spec->kind) {
      uses.push_back(range);
    }
  }
  return uses;
}

}  // namespace pelagos::language
