// Programs with a place in them, for tests: the first '^' marks it, and is not part of the text.
#pragma once

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/language/assist.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::language {

struct Marked {
  explicit Marked(absl::string_view marked, const Names::Files& files = nullptr)
      : offset(static_cast<uint32_t>(std::min(marked.find('^'), marked.size()))),
        text(absl::StrCat(marked.substr(0, offset),
                          marked.substr(std::min<size_t>(offset + 1, marked.size())))),
        tree(text),
        names(tree, "/dir/a.reml", files) {}

  std::string Of(Range range) const { return text.substr(range.begin, range.end - range.begin); }
  // "name@12": a piece, and where it begins.
  std::string Placed(Range range) const { return absl::StrCat(Of(range), "@", range.begin); }

  uint32_t offset;
  std::string text;
  reml::SyntaxTree tree;
  Names names;
};

}  // namespace pelagos::language
