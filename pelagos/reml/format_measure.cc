#include "pelagos/reml/format_measure.h"

#include <algorithm>

namespace pelagos::reml {
namespace {

using NodeKind = SyntaxNode::Kind;

uint8_t CountBreaks(absl::string_view gap) {
  size_t at = gap.find('\n');
  if (at == absl::string_view::npos) return 0;
  at = gap.find('\n', at + 1);
  return at == absl::string_view::npos ? 1 : 2;
}

}  // namespace

uint32_t CountCharacters(absl::string_view text) {
  uint32_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return std::min(count, kWidest);
}

absl::string_view LineCommentText(absl::string_view text) {
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

uint32_t OpeningSize(const SyntaxNode& node) {
  switch (node.token) {
    case TokenKind::kOpen:
    case TokenKind::kQuote:
    case TokenKind::kQuasiquote:
    case TokenKind::kUnquote:
      return 1;
    case TokenKind::kOpenVector:
    case TokenKind::kUnquoteSplicing:
    case TokenKind::kDatumComment:
      return 2;
    default:
      return 0;
  }
}

bool NeedsSpace(const SyntaxTree& tree, const SyntaxNode& prefix) {
  return prefix.token == TokenKind::kUnquote && prefix.first != kNoNode &&
         tree.source()[tree[prefix.first].begin] == '@';
}

std::vector<NodeMeasure> MeasureNodes(const SyntaxTree& tree) {
  std::vector<NodeMeasure> measures(tree.size());
  const absl::string_view source = tree.source();
  // Parents come before their children: what stands between the children.
  for (NodeId id = 1; id < tree.size(); ++id) {
    const SyntaxNode& node = tree[id];
    NodeMeasure& measure = measures[id];
    measure.end = node.begin + OpeningSize(node);
    NodeMeasure& above = measures[node.parent];
    const SyntaxNode& parent = tree[node.parent];
    const absl::string_view gap = source.substr(above.end, node.begin - above.end);
    above.end = node.end;
    if (parent.first != id) {
      measure.breaks = CountBreaks(gap);
      above.broken = above.broken || measure.breaks > 0;
      above.clean = above.clean && gap == " ";
    } else {
      const bool space = parent.kind == NodeKind::kPrefix && NeedsSpace(tree, parent);
      above.clean = above.clean && gap.empty() && !space;
      above.width += space ? 1 : 0;
    }
  }
  // Children before their parents: how wide it all is.
  for (NodeId id = static_cast<NodeId>(tree.size()) - 1; id > 0; --id) {
    const SyntaxNode& node = tree[id];
    NodeMeasure& measure = measures[id];
    if (node.list()) {
      measure.width = std::min(measure.width + OpeningSize(node) + 1, kWidest);
      measure.clean = measure.clean && measure.end + 1 == node.end;
    } else if (node.kind == NodeKind::kPrefix) {
      measure.width = std::min(measure.width + OpeningSize(node), kWidest);
    } else {
      absl::string_view text = tree.text(id);
      if (node.token == TokenKind::kLineComment) {
        text = LineCommentText(text);
        measure.broken = true;
      } else if (node.kind != NodeKind::kWord) {
        measure.broken = text.find('\n') != absl::string_view::npos;
      }
      measure.width = CountCharacters(text);
    }
    NodeMeasure& above = measures[node.parent];
    above.width =
        std::min(above.width + measure.width + (tree[node.parent].first == id ? 0 : 1), kWidest);
    above.broken = above.broken || measure.broken;
    above.clean = above.clean && measure.clean;
  }
  return measures;
}

}  // namespace pelagos::reml
