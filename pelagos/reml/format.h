// Lays out a program: the one way in which it is indented and spaced.
//
// Line breaks between the elements of a list are the author's; a list that does not fit into the
// width is broken. Comments stay where they are. What the program means is kept, and what has been
// formatted stays as it is. How a form is indented follows from its usage in the tables.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "pelagos/reml/syntax_tree.h"

namespace pelagos::reml {

inline constexpr size_t kFormatWidth = 100;  // characters

// nullopt: its parentheses do not match, it nests deeper than 1000, or its lines are so many and so
// deep that their indentation would make it more than 16 times as large (and over 64 MiB).
std::optional<std::string> Format(const SyntaxTree& tree, size_t width = kFormatWidth);

}  // namespace pelagos::reml
