#include "pelagos/reml/syntax_tree.h"

#include <algorithm>

namespace pelagos::reml {
namespace {

using Kind = SyntaxNode::Kind;

Kind KindOf(TokenKind token) {
  switch (token) {
    case TokenKind::kOpen:
      return Kind::kList;
    case TokenKind::kOpenVector:
      return Kind::kVector;
    case TokenKind::kQuote:
    case TokenKind::kQuasiquote:
    case TokenKind::kUnquote:
    case TokenKind::kUnquoteSplicing:
    case TokenKind::kDatumComment:
      return Kind::kPrefix;
    case TokenKind::kString:
      return Kind::kString;
    case TokenKind::kCharacter:
      return Kind::kCharacter;
    case TokenKind::kLineComment:
    case TokenKind::kBlockComment:
      return Kind::kComment;
    case TokenKind::kClose:
      return Kind::kStrayClose;
    case TokenKind::kWord:
    case TokenKind::kEnd:
      break;
  }
  return Kind::kWord;
}

}  // namespace

SyntaxTree::SyntaxTree(absl::string_view text) : text_(text) {
  balanced_ = Parse(false);
  if (!balanced_) Parse(true);
}

NodeId SyntaxTree::Add(Kind kind, const Token& token, NodeId parent) {
  const NodeId id = static_cast<NodeId>(nodes_.size());
  SyntaxNode node;
  node.kind = kind;
  node.token = token.kind;
  node.complete = token.ended;
  node.begin = token.begin;
  node.end = token.end;
  node.parent = parent;
  nodes_.push_back(node);
  SyntaxNode& above = nodes_[parent];
  if (above.first == kNoNode) {
    above.first = id;
  } else {
    nodes_[above.last].next = id;
  }
  above.last = id;
  return id;
}

bool SyntaxTree::Parse(bool recover) {
  nodes_.clear();
  nodes_.reserve(text_.size() / 4 + 1);
  nodes_.emplace_back();
  nodes_[kRoot].end = static_cast<uint32_t>(text_.size());
  depth_ = 0;
  bool matches = true;
  NodeId open = kRoot;  // the innermost that is not closed
  size_t depth = 0;
  // Ends the innermost at `end`.
  const auto close = [&](uint32_t end) {
    nodes_[open].end = end;
    open = nodes_[open].parent;
    --depth;
  };
  // The prefixes in front of a node that is complete are complete.
  const auto close_prefixes = [&](uint32_t end) {
    bool datum = true;  // after #; and what it leaves out there is none yet
    while (datum && nodes_[open].kind == Kind::kPrefix) {
      datum = !nodes_[open].datum_comment();
      nodes_[open].complete = true;
      close(end);
    }
  };
  // Ends what cannot be completed: prefixes, and up to the root also lists.
  const auto give_up = [&](bool lists, uint32_t end) {
    while (open != kRoot && (lists || nodes_[open].kind == Kind::kPrefix)) {
      matches = false;
      close(end);
    }
  };

  Lexer lexer(text_);
  uint32_t before = 0;  // the end of the token before
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd;
       before = token.end, token = lexer.Next()) {
    matches = matches && token.ended;
    const Kind kind = KindOf(token.kind);
    if (recover && (kind == Kind::kList || kind == Kind::kVector) && open != kRoot &&
        text_[token.begin - 1] == '\n') {
      give_up(true, token.begin);
    }
    if (kind == Kind::kStrayClose) {
      give_up(false, before);
      if (open == kRoot) {
        matches = false;
        Add(kind, token, kRoot);
        continue;
      }
      nodes_[open].complete = true;
      close(token.end);
      close_prefixes(token.end);
      continue;
    }
    const NodeId id = Add(kind, token, open);
    if (kind == Kind::kList || kind == Kind::kVector || kind == Kind::kPrefix) {
      nodes_[id].complete = false;
      open = id;
      depth_ = std::max(depth_, ++depth);
    } else if (kind != Kind::kComment) {
      close_prefixes(token.end);
    }
  }
  give_up(true, static_cast<uint32_t>(text_.size()));
  return matches;
}

std::vector<NodeId> SyntaxTree::Data(NodeId parent) const {
  std::vector<NodeId> data;
  for (NodeId id = FirstDatum(parent); id != kNoNode; id = NextDatum(id)) data.push_back(id);
  return data;
}

absl::string_view SyntaxTree::Head(NodeId list) const {
  if (nodes_[list].kind != Kind::kList) return "";
  const NodeId head = FirstDatum(list);
  return head != kNoNode && nodes_[head].kind == Kind::kWord ? text(head) : "";
}

NodeId SyntaxTree::At(uint32_t offset) const {
  NodeId best = kRoot;
  NodeId id = nodes_[kRoot].first;
  while (id != kNoNode) {
    const SyntaxNode& node = nodes_[id];
    if (offset < node.begin) break;
    const bool inside =
        offset < node.end || (offset == node.end && (node.atom() || !node.complete));
    if (!inside) {
      id = node.next;
      continue;
    }
    // At the beginning of a list that touches an atom, it is the atom that is meant.
    best = id;
    id = offset == node.end && node.atom() ? kNoNode : node.first;
  }
  return best;
}

}  // namespace pelagos::reml
