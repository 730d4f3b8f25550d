// The difference between a text and how it is laid out, as small edits: a cursor stays where it is,
// and what somebody else edits at the same time too.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/language/range.h"

namespace pelagos::lsp {

struct TextEdit {
  language::Range range;  // of the text before
  std::string text;
  friend bool operator==(const TextEdit&, const TextEdit&) = default;
};

// In the order of the text. Both have the same tokens as a rule, and then only the space between
// them is edited; otherwise all that differs is one edit. Lines end as those of `before` do.
std::vector<TextEdit> EditsBetween(absl::string_view before, absl::string_view after);

}  // namespace pelagos::lsp
