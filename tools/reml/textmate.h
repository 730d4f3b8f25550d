// The grammar of the language for editors, in TextMate's format as JSON, which VS Code, IntelliJ,
// Shiki, GitHub and others read.
//
// Its rules follow the lexer (reml/lexer.h): words are taken whole and from left to right, so that
// a part of a word is never coloured. The regular expressions keep to what ECMAScript, Oniguruma
// and PCRE have in common, without looking behind.
#pragma once

#include <string>

#include "tools/reml/word_groups.h"

namespace pelagos {

// The same groups give the same bytes.
std::string TextMateGrammar(const WordGroups& groups);

}  // namespace pelagos
