// A text as a tree that keeps everything: comments, the kinds of quotes, and what is not closed.
// For the tools that look at programs while they are being written: formatter, checker, editor.
// It is made of any text; the reader is who says what is wrong with one.
//
//   (a 'b ; note          root
//    #;c)                 +- list      a, prefix ' (b), line comment, prefix #; (c)
//
// A tree is flat: nodes are numbered in the order of their beginnings, the root is 0. Nesting has
// no limit, but whoever walks it by recursion must look at depth() first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/reml/lexer.h"

namespace pelagos::reml {

using NodeId = uint32_t;
inline constexpr NodeId kNoNode = 0;  // where a number says "none"; the root is nobody's child

struct SyntaxNode {
  enum class Kind : uint8_t {
    kRoot,
    kList,
    kVector,
    kPrefix,  // ' ` , ,@ or #; with the datum behind it as its last child
    kWord,    // an atom, as the two below
    kString,
    kCharacter,
    kComment,     // of a line, or of a block
    kStrayClose,  // a ')' that closes nothing
  };
  Kind kind = Kind::kRoot;
  TokenKind token = TokenKind::kEnd;  // that began it
  // false: the text, or its form, ends before it does; a prefix without a datum.
  bool complete = true;
  // [begin, end) in bytes, with all that is inside. A list that is not complete ends with the text,
  // or where the next form begins.
  uint32_t begin = 0;
  uint32_t end = 0;
  NodeId parent = kNoNode;
  NodeId first = kNoNode;  // child
  NodeId last = kNoNode;
  NodeId next = kNoNode;  // sibling

  bool list() const { return kind == Kind::kList || kind == Kind::kVector; }
  bool atom() const {
    return kind == Kind::kWord || kind == Kind::kString || kind == Kind::kCharacter;
  }
  bool comment() const { return kind == Kind::kComment; }
  bool datum_comment() const { return token == TokenKind::kDatumComment; }
  // Whether the reader makes a datum of it.
  bool datum() const { return list() || atom() || (kind == Kind::kPrefix && !datum_comment()); }
};

class SyntaxTree {
 public:
  static constexpr NodeId kRoot = 0;

  // Requires: the text is shorter than 4 GiB, and outlives the tree. When its parentheses do not
  // match, a '(' in the first column begins a new form, so that a mistake spoils one form only.
  explicit SyntaxTree(absl::string_view text);

  const SyntaxNode& operator[](NodeId id) const { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }
  absl::string_view source() const { return text_; }
  absl::string_view text(NodeId id) const {
    return text_.substr(nodes_[id].begin, nodes_[id].end - nodes_[id].begin);
  }
  // How deep it nests; 0: nothing but the root.
  size_t depth() const { return depth_; }
  // Whether every node is complete and no ')' is too much. (The reader may still complain: of a
  // dot, of the name of a character.)
  bool balanced() const { return balanced_; }

  // The children that the reader makes data of; kNoNode: no more. The dot of a pair is one of them.
  NodeId FirstDatum(NodeId parent) const { return DatumFrom(nodes_[parent].first); }
  NodeId NextDatum(NodeId child) const { return DatumFrom(nodes_[child].next); }
  std::vector<NodeId> Data(NodeId parent) const;

  // The word at the head of a list that is one; "" otherwise.
  absl::string_view Head(NodeId list) const;

  // The innermost node that `offset` is in, or at the end of; atoms win over what follows them
  // without a space. kRoot: between forms.
  NodeId At(uint32_t offset) const;

 private:
  NodeId DatumFrom(NodeId id) const {
    while (id != kNoNode && !nodes_[id].datum()) id = nodes_[id].next;
    return id;
  }
  // false: something does not match. `recover`: go on with a new form at a '(' in column 1.
  bool Parse(bool recover);
  NodeId Add(SyntaxNode::Kind kind, const Token& token, NodeId parent);

  absl::string_view text_;
  std::vector<SyntaxNode> nodes_;
  size_t depth_ = 0;
  bool balanced_ = true;
};

}  // namespace pelagos::reml
