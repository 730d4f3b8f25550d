// A form held against its usage: which of its parts are names, expressions, bodies and data.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/language/vocabulary.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::language {

// A part of a form.
struct Capture {
  reml::Role role = reml::Role::kExpression;
  absl::string_view word;  // of the usage
  reml::NodeId node = reml::kNoNode;
  reml::NodeId list = reml::kNoNode;  // the part stands directly in it
};

struct Match {
  std::vector<Capture> captures;  // in the order of the text
  size_t way = 0;                 // of the word's ways
  // Where the form is not as that way says, and what was expected; kNoNode: it is.
  reml::NodeId wrong = reml::kNoNode;
  std::string expected;
};

// Requires: `list` is a list whose head is the word of a form or a macro. What fits is captured
// whether or not the rest does.
Match MatchForm(const reml::SyntaxTree& tree, reml::NodeId list, const Word& word);

// Whether the part is what the name before it is bound to: it is evaluated without the name.
inline bool IsValue(const Capture& part) {
  return part.role == reml::Role::kExpression && part.word == "value";
}

// Whether the names of a form are macros; with DefinesSyntax they are given as rules.
bool DefinesMacro(const Word& word);
bool DefinesSyntax(const Word& word);

// How many arguments a procedure with these formals takes: a list of names, or one name.
// `skip`: elements of the list before the formals.
reml::Arity ArityOfFormals(const reml::SyntaxTree& tree, reml::NodeId formals, size_t skip = 0);

// Whether a word stands for itself: a number, a keyword, a boolean.
bool IsConstant(absl::string_view word);

}  // namespace pelagos::language
