// Text to tokens: the one place that knows where a word, a string or a comment ends. The reader
// makes data of them, syntax_tree.h a tree that keeps the comments.
//
// A byte order mark at the beginning is white space. Every byte that is none belongs to exactly one
// token; no text is refused, and what is cut off by the end of the text is said to be so.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace pelagos::reml {

enum class TokenKind : uint8_t {
  kOpen,             // (
  kOpenVector,       // #(
  kClose,            // )
  kQuote,            // '
  kQuasiquote,       // `
  kUnquote,          // ,
  kUnquoteSplicing,  // ,@
  kDatumComment,     // #; the datum after it is left out
  kString,           // "..."
  kCharacter,        // #\...
  kWord,             // a symbol, a keyword, a number, a boolean, or the dot of a pair
  kLineComment,      // ; to the end of the line, without that end
  kBlockComment,     // #| ... |#, which nest
  kEnd,              // of the text
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  // false: the text ends before the string, the character or the block comment does.
  bool ended = true;
  // [begin, end) in bytes.
  uint32_t begin = 0;
  uint32_t end = 0;

  bool comment() const {
    return kind == TokenKind::kLineComment || kind == TokenKind::kBlockComment;
  }
};

constexpr bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

namespace internal {

constexpr std::array<bool, 256> MakeWordEnds() {
  std::array<bool, 256> ends{};
  for (char c : absl::string_view(" \t\r\n\f();\"'`,")) ends[static_cast<unsigned char>(c)] = true;
  return ends;
}
inline constexpr std::array<bool, 256> kWordEnds = MakeWordEnds();

}  // namespace internal

// Whether a word ends before this character.
constexpr bool EndsWord(char c) { return internal::kWordEnds[static_cast<unsigned char>(c)]; }

// White space at the beginning of a text; anywhere else a part of a word.
inline constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

class Lexer {
 public:
  // Requires: the text is shorter than 4 GiB, and outlives the lexer.
  // `at`: where it begins, a place between tokens.
  explicit Lexer(absl::string_view text, size_t at = 0) : text_(text), at_(at) {
    if (at == 0 && text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
      at_ = kByteOrderMark.size();
    }
  }

  // kEnd, again and again, when there is no more.
  Token Next() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
    const size_t begin = at_;
    if (begin == text_.size()) return Make(TokenKind::kEnd, begin);
    switch (text_[at_++]) {
      case '(':
        return Make(TokenKind::kOpen, begin);
      case ')':
        return Make(TokenKind::kClose, begin);
      case '\'':
        return Make(TokenKind::kQuote, begin);
      case '`':
        return Make(TokenKind::kQuasiquote, begin);
      case ',':
        if (!Follows('@')) return Make(TokenKind::kUnquote, begin);
        ++at_;
        return Make(TokenKind::kUnquoteSplicing, begin);
      case '"':
        return String(begin);
      case ';':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return Make(TokenKind::kLineComment, begin);
      case '#':
        return Hash(begin);
      default:
        return Word(begin);
    }
  }

 private:
  bool Follows(char c) const { return at_ < text_.size() && text_[at_] == c; }
  Token Make(TokenKind kind, size_t begin, bool ended = true) const {
    return {kind, ended, static_cast<uint32_t>(begin), static_cast<uint32_t>(at_)};
  }

  Token Word(size_t begin) {
    while (at_ < text_.size() && !EndsWord(text_[at_])) ++at_;
    return Make(TokenKind::kWord, begin);
  }

  Token Hash(size_t begin) {
    if (Follows('(')) {
      ++at_;
      return Make(TokenKind::kOpenVector, begin);
    }
    if (Follows(';')) {
      ++at_;
      return Make(TokenKind::kDatumComment, begin);
    }
    if (Follows('|')) return BlockComment(begin);
    if (Follows('\\')) return Character(begin);
    return Word(begin);
  }

  // The first character counts even where it would end a word: #\( and #\;
  Token Character(size_t begin) {
    if (++at_ == text_.size()) return Make(TokenKind::kCharacter, begin, false);
    ++at_;
    while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) ++at_;
    while (at_ < text_.size() && !EndsWord(text_[at_])) ++at_;
    return Make(TokenKind::kCharacter, begin);
  }

  Token String(size_t begin) {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return Make(TokenKind::kString, begin);
      }
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
    }
    return Make(TokenKind::kString, begin, false);
  }

  Token BlockComment(size_t begin) {
    size_t depth = 1;
    for (++at_; at_ < text_.size(); ++at_) {
      const absl::string_view mark = text_.substr(at_, 2);
      if (mark == "|#") {
        ++at_;
        if (--depth > 0) continue;
        ++at_;
        return Make(TokenKind::kBlockComment, begin);
      }
      if (mark == "#|") {
        ++depth;
        ++at_;
      }
    }
    return Make(TokenKind::kBlockComment, begin, false);
  }

  absl::string_view text_;
  size_t at_;
};

}  // namespace pelagos::reml
