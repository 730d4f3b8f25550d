#include "pelagos/language/rename.h"

#include "absl/strings/str_cat.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/captures.h"
#include "pelagos/language/place.h"
#include "pelagos/reml/lexer.h"

namespace pelagos::language {
namespace {

using reml::SyntaxTree;

bool IsName(absl::string_view name) {
  const reml::Token token = reml::Lexer(name).Next();
  return token.kind == reml::TokenKind::kWord && token.begin == 0 && token.end == name.size() &&
         name != "." && !IsConstant(name);
}

bool Same(const Meaning& a, const Meaning& b) {
  return a.kind == b.kind && a.word == b.word &&
         (a.kind != Meaning::Kind::kDefinition || a.definition == b.definition);
}

}  // namespace

absl::StatusOr<Renaming> RenameAt(const Names& names, uint32_t offset) {
  const SyntaxTree& tree = names.tree();
  const NodeId node = WordAt(tree, offset);
  const Definition* definition = node == kNoNode ? nullptr : names.DefinitionAt(node);
  if (definition == nullptr) {
    return absl::FailedPreconditionError("here is no name that the program defines");
  }
  if (definition->imported()) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", definition->name, "' is defined in '", definition->file, "'"));
  }
  if (tree[definition->node].kind != reml::SyntaxNode::Kind::kWord) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", definition->name, "' is defined by a text"));
  }
  return Renaming{definition->name, {tree[node].begin, tree[node].end}, UsesOf(names, offset)};
}

absl::Status CheckRenaming(const Names& names, const Renaming& renaming, absl::string_view name,
                           const std::string& path, const Names::Files& files) {
  if (!IsName(name)) {
    return absl::FailedPreconditionError(absl::StrCat("'", name, "' cannot be a name"));
  }
  if (name == renaming.name) return absl::OkStatus();
  const absl::string_view before = names.tree().source();
  std::string after;
  uint32_t at = 0;
  for (const Range& place : renaming.places) {
    absl::StrAppend(&after, before.substr(at, place.begin - at), name);
    at = place.end;
  }
  absl::StrAppend(&after, before.substr(at));
  const SyntaxTree tree(after);
  const Names renamed(tree, path, files);
  bool same = tree.size() == names.tree().size() &&
              renamed.definitions().size() == names.definitions().size();
  for (NodeId id = 1; same && id < tree.size(); ++id) {
    same = Same(names.MeaningOf(id), renamed.MeaningOf(id));
  }
  if (same) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("with '", name, "' for '", renaming.name,
                                                    "' the program would mean something else"));
}

}  // namespace pelagos::language
