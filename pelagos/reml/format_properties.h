// What holds for every text that has been formatted; for tests and the fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/equality.h"
#include "pelagos/reml/format.h"
#include "pelagos/reml/format_measure.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/lexer.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::reml {

// The tokens as they are, but for blanks at the end of a line comment.
inline std::string TokensOf(absl::string_view text) {
  std::string tokens;
  Lexer lexer(text);
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    absl::string_view word = text.substr(token.begin, token.end - token.begin);
    if (token.kind == TokenKind::kLineComment) word = LineCommentText(word);
    absl::StrAppend(&tokens, static_cast<int>(token.kind), " ", word, "\n");
  }
  return tokens;
}

// What is wrong with the space between the tokens; "": nothing.
inline std::string WrongSpace(absl::string_view text) {
  Lexer lexer(text);
  size_t before = 0;
  TokenKind kind = TokenKind::kEnd;
  for (;;) {
    const Token token = lexer.Next();
    const absl::string_view gap = text.substr(before, token.begin - before);
    const auto wrong = [&](absl::string_view what) {
      return absl::StrCat(what, " before byte ", token.begin);
    };
    const size_t line = gap.rfind('\n');
    const bool breaks = line != absl::string_view::npos;
    if (breaks && gap.substr(0, line + 1) != "\n" && gap.substr(0, line + 1) != "\n\n") {
      return wrong("blanks at the end of a line, or blank lines");
    }
    if (gap.find_first_not_of(" \n") != absl::string_view::npos) return wrong("a strange blank");
    // A byte order mark within a program must not become one at its beginning.
    if (before == 0 && gap == "\n" && text.substr(1, kByteOrderMark.size()) == kByteOrderMark) {
      return "";
    }
    if (before == 0 && !gap.empty()) return wrong("space");
    if (token.kind == TokenKind::kEnd) {
      return before == 0 || gap == "\n" ? "" : wrong("the end");
    }
    if (kind == TokenKind::kLineComment &&
        LineCommentText(text.substr(0, before)).size() < before) {
      return wrong("blanks at the end of a comment");
    }
    if (token.kind == TokenKind::kClose && kind != TokenKind::kLineComment && !gap.empty()) {
      return wrong("space inside of a list");
    }
    if ((kind == TokenKind::kOpen || kind == TokenKind::kOpenVector) && !gap.empty()) {
      return wrong("space at the beginning of a list");
    }
    if (!breaks && gap.size() > 1 && token.kind != TokenKind::kLineComment) {
      return wrong("more than a space");
    }
    before = token.end;
    kind = token.kind;
  }
}

// The data; nullopt: it does not read.
inline std::optional<std::vector<Datum>> ReadAll(Heap& heap, absl::string_view text) {
  SourceMap sources;
  Diagnostics diagnostics;
  return Read(heap, sources, sources.Add("t", std::string(text)), diagnostics);
}

// What formatting does wrong to a text; "": nothing, or the text cannot be formatted.
inline std::string WrongFormat(absl::string_view text, size_t width = kFormatWidth) {
  const SyntaxTree tree(text);
  const std::optional<std::string> once = Format(tree, width);
  if (!once) return tree.balanced() && tree.depth() <= 1000 ? "not formatted" : "";
  const std::string said = absl::StrCat("\n--- of\n", text, "\n--- came\n", *once);
  const std::optional<std::string> twice = Format(SyntaxTree(*once), width);
  if (!twice) return absl::StrCat("cannot be formatted again", said);
  if (*twice != *once) return absl::StrCat("not stable", said, "\n--- and then\n", *twice);
  if (TokensOf(*once) != TokensOf(text)) return absl::StrCat("other tokens", said);
  const std::string space = WrongSpace(*once);
  if (!space.empty()) return absl::StrCat(space, said);

  Heap heap(size_t{1} << 30);
  const std::optional<std::vector<Datum>> before = ReadAll(heap, text);
  const std::optional<std::vector<Datum>> after = ReadAll(heap, *once);
  if (before.has_value() != after.has_value()) return absl::StrCat("reads otherwise", said);
  if (!before) return "";
  if (before->size() != after->size()) return absl::StrCat("other data", said);
  for (size_t i = 0; i < before->size(); ++i) {
    if (Equal((*before)[i].value, (*after)[i].value, UINT64_MAX) != true) {
      return absl::StrCat("datum ", i, " is another", said);
    }
  }
  return "";
}

}  // namespace pelagos::reml
