// What the formatter knows of a list before it lays it out: whether it is data, a call, or a form
// with a body. All of it follows from the usages in the tables (usage.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/reml/syntax_tree.h"
#include "pelagos/reml/usage.h"

namespace pelagos::reml {

// Where a datum stands. Views point into tables that last.
struct FormatContext {
  enum class Kind : uint8_t {
    kCode,
    kData,    // quoted, or a list of names: nothing in it is called
    kClause,  // a list that the usage of a form asks for: a binding, a clause of cond
  };
  Kind kind = Kind::kCode;
  const std::vector<UsagePart>* parts = nullptr;  // of a clause
};

struct ListStyle {
  enum class Kind : uint8_t {
    kData,    // lines begin behind the parenthesis
    kClause,  // as a call, but for a head that is alone on its line
    kCall,    // lines begin under the first argument, or by 2 when the head is alone
    kBody,    // the body is indented by 2
  };
  Kind kind = Kind::kData;
  // Of kBody: so many arguments are no body, and stand on the head's line.
  size_t before = 0;
  // They are indented by 4 on lines of their own, so that they are told from the body.
  bool distinguished = false;
  bool word_head = false;
  // What the arguments are; nullptr: expressions. The head is `skipped` by them.
  const std::vector<UsagePart>* parts = nullptr;
  bool head_is_part = false;  // the first element is the first part
};

// Requires: `list` is a list or a vector.
ListStyle StyleOf(const SyntaxTree& tree, NodeId list, FormatContext context);

// Whether it is a form that makes a procedure of parameters and a body: lambda.
bool MakesProcedure(const SyntaxTree& tree, NodeId id);

// Goes along the elements of a list and says where each of them stands.
class PartWalk {
 public:
  PartWalk(const SyntaxTree& tree, const ListStyle& style) : tree_(tree), style_(style) {}

  // Of the next element, a datum.
  FormatContext Next(NodeId element);

 private:
  const SyntaxTree& tree_;
  const ListStyle& style_;
  size_t part_ = 0;
  bool head_ = true;
};

inline bool IsKeyword(const SyntaxTree& tree, NodeId id) {
  const SyntaxNode& node = tree[id];
  return node.kind == SyntaxNode::Kind::kWord && tree.source()[node.begin] == ':';
}

}  // namespace pelagos::reml
