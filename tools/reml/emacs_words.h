// The words of the language for tools/editor/emacs/reml-mode.el, as Lisp of Emacs.
#pragma once

#include <string>

#include "pelagos/language/vocabulary.h"

namespace pelagos {

// The same vocabulary gives the same bytes.
std::string EmacsWords(const language::Vocabulary& vocabulary);

}  // namespace pelagos
