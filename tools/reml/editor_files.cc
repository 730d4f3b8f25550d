#include "tools/reml/editor_files.h"

#include "pelagos/language/vocabulary.h"
#include "tools/reml/emacs_words.h"
#include "tools/reml/textmate.h"
#include "tools/reml/word_groups.h"

namespace pelagos {

std::map<std::string, std::string> EditorFiles() {
  const language::Vocabulary& vocabulary = language::Vocabulary::Get();
  const std::string grammar = TextMateGrammar(GroupWords(vocabulary));
  return {{"reml.tmLanguage.json", grammar},
          // An extension is packed from its own folder only.
          {"vscode/syntaxes/reml.tmLanguage.json", grammar},
          {"emacs/reml-words.el", EmacsWords(vocabulary)}};
}

}  // namespace pelagos
