// What stands at a place in a program: shared by the answers of assist.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "pelagos/language/names.h"
#include "pelagos/language/specs.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::language {

// As SyntaxTree::At; the atom that a place is at the end of wins also when it is quoted.
NodeId NodeAt(const reml::SyntaxTree& tree, uint32_t offset);

// The word or the string that the place is in, or at an end of; kNoNode: there is none.
NodeId WordAt(const reml::SyntaxTree& tree, uint32_t offset);

// Whether it stands behind a quote, or a quasiquote that nothing takes back.
bool Quoted(const reml::SyntaxTree& tree, NodeId node);

// Whether the place is inside of a comment.
bool CommentAt(const reml::SyntaxTree& tree, uint32_t offset);

// At most so many bytes of a text, in whole characters.
absl::string_view Cut(absl::string_view text, size_t most);

// The first line of a text, at most 80 bytes of it.
std::string FirstLine(absl::string_view text);

// The service, network or volume that an atom names: a value of an option, or an argument.
std::optional<Spec> SpecNamedAt(const Names& names, NodeId atom);
// Whether it names one of them, and which kind.
Named NamedAt(const Names& names, NodeId atom);

}  // namespace pelagos::language
