// How wide every node of a tree is on one line: the formatter's first pass, over the flat tree and
// without recursion.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::reml {

struct NodeMeasure {
  // On one line, in characters; saturates at kWidest. Of a node that is broken it says nothing,
  // but for comments and atoms.
  uint32_t width = 0;
  // The end of what stands before: of the child that was seen last, in the end of the last one.
  uint32_t end = 0;
  // Line breaks between the node and the one before it in its list; 2: or more. The first has none.
  uint8_t breaks = 0;
  // It spans lines: the author's, those of a string, or because a comment ends its line.
  bool broken = false;
  // Its text is already what it is on one line.
  bool clean = true;
};

inline constexpr uint32_t kWidest = uint32_t{1} << 28;  // a sum of two does not overflow

std::vector<NodeMeasure> MeasureNodes(const SyntaxTree& tree);

// UTF-8 code points; a byte that belongs to none counts as none.
uint32_t CountCharacters(absl::string_view text);

// The text of a comment without the blanks at the end of its line.
absl::string_view LineCommentText(absl::string_view text);

// How long the token is that a list, a vector or a prefix begins with. 0: the root.
uint32_t OpeningSize(const SyntaxNode& node);

// `, @a` is not `,@a`: whether a space has to stay between a prefix and what follows.
bool NeedsSpace(const SyntaxTree& tree, const SyntaxNode& prefix);

}  // namespace pelagos::reml
