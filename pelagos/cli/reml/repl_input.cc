#include "pelagos/cli/reml/repl_input.h"

#include "absl/strings/str_cat.h"
#include "pelagos/reml/lexer.h"

namespace pelagos::cli {

using reml::Token;
using reml::TokenKind;

void PendingInput::Add(absl::string_view line) {
  absl::StrAppend(&text_, began_ ? "\n" : "", line);
  began_ = true;
  cut_ = false;
  reml::Lexer lexer(text_, seen_);
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    if (!token.ended) {
      // A character is no reason to wait: the end of the line would be it.
      cut_ = token.kind != TokenKind::kCharacter;
      return;
    }
    seen_ = token.end;
    if (token.comment()) continue;
    prefix_ = false;
    switch (token.kind) {
      case TokenKind::kOpen:
      case TokenKind::kOpenVector:
        ++depth_;
        break;
      case TokenKind::kClose:
        if (depth_ == 0) stray_ = true;
        if (depth_ > 0) --depth_;
        break;
      case TokenKind::kQuote:
      case TokenKind::kQuasiquote:
      case TokenKind::kUnquote:
      case TokenKind::kUnquoteSplicing:
      case TokenKind::kDatumComment:
        prefix_ = true;
        break;
      default:
        break;
    }
  }
}

}  // namespace pelagos::cli
