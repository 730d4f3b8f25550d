#include "pelagos/language/place.h"

#include "absl/strings/str_cat.h"

namespace pelagos::language {

using reml::SyntaxNode;
using reml::SyntaxTree;
using Kind = SyntaxNode::Kind;

NodeId NodeAt(const SyntaxTree& tree, uint32_t offset) {
  const NodeId node = tree.At(offset);
  if (offset == 0 || (tree[node].atom() && tree[node].begin < offset)) return node;
  const NodeId before = tree.At(offset - 1);
  return tree[before].atom() && tree[before].end == offset ? before : node;
}

NodeId WordAt(const SyntaxTree& tree, uint32_t offset) {
  const NodeId node = NodeAt(tree, offset);
  if (node == SyntaxTree::kRoot) return kNoNode;
  return tree[node].kind == Kind::kWord || tree[node].kind == Kind::kString ? node : kNoNode;
}

bool Quoted(const SyntaxTree& tree, NodeId node) {
  for (; node != SyntaxTree::kRoot; node = tree[node].parent) {
    if (tree[node].kind != Kind::kPrefix) continue;
    switch (tree[node].token) {
      case reml::TokenKind::kQuote:
      case reml::TokenKind::kQuasiquote:
        return true;
      case reml::TokenKind::kUnquote:
      case reml::TokenKind::kUnquoteSplicing:
        return false;
      default:
        break;
    }
  }
  return false;
}

bool CommentAt(const SyntaxTree& tree, uint32_t offset) {
  // The end of a line's comment still belongs to it, so that of a block's does not.
  const NodeId node = tree.At(offset);
  if (node != SyntaxTree::kRoot && tree[node].comment() && offset > tree[node].begin) return true;
  if (offset == 0) return false;
  const NodeId before = tree.At(offset - 1);
  return before != SyntaxTree::kRoot && tree[before].comment() &&
         (tree[before].token == reml::TokenKind::kLineComment || !tree[before].complete);
}

absl::string_view Cut(absl::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
}

std::string FirstLine(absl::string_view text) {
  constexpr size_t kMost = 80;
  text = text.substr(0, text.find_first_of("\r\n"));
  return absl::StrCat(Cut(text, kMost), text.size() > kMost ? "..." : "");
}

Named NamedAt(const Names& names, NodeId atom) {
  const SyntaxTree& tree = names.tree();
  if (!tree[atom].atom()) return Named::kNothing;
  if (const auto use = OptionAround(names, atom)) {
    // A word that is not quoted is a variable, but for the names of capabilities.
    const Named named = NamedBy(*use);
    const bool variable = tree[atom].kind == Kind::kWord && !Quoted(tree, atom);
    return variable && named != Named::kCapability ? Named::kNothing : named;
  }
  // 'db, or "db"
  const NodeId above = tree[atom].parent;
  const bool quoted = above != SyntaxTree::kRoot && tree[above].token == reml::TokenKind::kQuote;
  return NamedByArgument(names, quoted ? above : atom);
}

std::optional<Spec> SpecNamedAt(const Names& names, NodeId atom) {
  const SpecKind kind = KindOf(NamedAt(names, atom));
  if (kind == SpecKind::kNone) return std::nullopt;
  const absl::string_view name = AtomText(names.tree(), atom);
  for (Spec& spec : SpecsOf(names)) {
    if (spec.kind == kind && spec.name == name) return std::move(spec);
  }
  return std::nullopt;
}

}  // namespace pelagos::language
