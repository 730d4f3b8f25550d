#include "pelagos/reml/reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/lexer.h"
#include "pelagos/reml/number.h"
#include "pelagos/reml/reader_hints.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {
namespace {

// Whether a word with this first character may be a number.
bool MayBeginNumber(char c) { return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; }

class Reader {
 public:
  Reader(Heap& heap, absl::string_view text, Span part, Diagnostics& diagnostics)
      : heap_(heap),
        text_(text.substr(0, part.end)),
        begin_(std::min<size_t>(part.begin, text_.size())),
        source_(part.source),
        diagnostics_(diagnostics) {}

  std::optional<std::vector<Datum>> ReadAll() {
    const size_t errors = diagnostics_.errors();
    if (text_.size() >= UINT32_MAX) return Fail(0, 0, "source too large");
    if (std::optional<size_t> bad = FindInvalidUtf8(text_.substr(begin_))) {
      *bad += begin_;
      return Fail(*bad, *bad + 1, "not UTF-8",
                  absl::StrCat("byte 0x", absl::Hex(static_cast<unsigned char>(text_[*bad])),
                               ": save the file as UTF-8"));
    }
    Lexer lexer(text_, begin_);
    for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
      if (!ReadToken(token)) return std::nullopt;
    }
    if (!open_.empty()) return FailAtEnd();
    if (diagnostics_.errors() != errors) return std::nullopt;
    return std::move(data_);
  }

 private:
  enum class Shape : uint8_t {
    kList,
    kVector,
    kQuote,    // `list` holds the name of its long form
    kComment,  // #; and what follows is nothing
  };
  // A structure whose end has not been read.
  struct Open {
    explicit Open(Heap& heap) : list(heap) {}
    enum class Tail : uint8_t { kNone, kExpected, kRead };

    uint32_t begin = 0;
    Shape shape = Shape::kList;
    Tail tail = Tail::kNone;
    uint32_t dot = 0;  // where the dot stands, unless kNone
    ListBuilder list;

    // It ends with the datum after it.
    bool prefix() const { return shape == Shape::kQuote || shape == Shape::kComment; }
  };

  Span Range(size_t begin, size_t end) const {
    return {source_, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
  }
  std::nullopt_t Fail(size_t begin, size_t end, std::string message, std::string hint = "") {
    diagnostics_.Error(Range(begin, end), std::move(message), std::move(hint));
    return std::nullopt;
  }
  std::nullopt_t FailAtEnd() {
    const Open& innermost = open_.back();
    if (innermost.prefix()) {
      const absl::string_view mark = Mark(innermost);
      return Fail(innermost.begin, innermost.begin + mark.size(), "unexpected end of input",
                  absl::StrCat(mark, " stands before ",
                               mark == "#;" ? "what it leaves out" : "what it quotes"));
    }
    if (innermost.tail == Open::Tail::kExpected) {
      return Fail(innermost.dot, innermost.dot + 1, "dotted pair: expected tail after '.'",
                  kPairHint);
    }
    const uint32_t at = innermost.begin + (innermost.shape == Shape::kVector ? 1 : 0);
    Fail(at, at + 1, "unmatched '('");
    if (const std::optional<size_t> next = NextForm(text_, at)) {
      diagnostics_.Note(Range(*next, *next + 1), "a form begins here: is a ')' missing before it?");
    }
    return std::nullopt;
  }

  // What a prefix looks like: ' ` , ,@ or #;
  absl::string_view Mark(const Open& prefix) const {
    const absl::string_view mark = text_.substr(prefix.begin, 2);
    return mark == ",@" || mark == "#;" ? mark : mark.substr(0, 1);
  }

  bool ReadToken(const Token& token) {
    at_ = token.end;
    switch (token.kind) {
      case TokenKind::kOpen:
        return OpenStructure(token.begin, Shape::kList);
      case TokenKind::kOpenVector:
        return OpenStructure(token.begin, Shape::kVector);
      case TokenKind::kClose:
        return CloseList(token.begin);
      case TokenKind::kQuote:
        return OpenQuote(token.begin, "quote");
      case TokenKind::kQuasiquote:
        return OpenQuote(token.begin, "quasiquote");
      case TokenKind::kUnquote:
        return OpenQuote(token.begin, "unquote");
      case TokenKind::kUnquoteSplicing:
        return OpenQuote(token.begin, "unquote-splicing");
      case TokenKind::kDatumComment:
        return OpenComment(token.begin);
      case TokenKind::kString:
        return ReadString(token);
      case TokenKind::kCharacter:
        return ReadCharacter(token);
      case TokenKind::kWord:
        return ReadWord(token);
      case TokenKind::kBlockComment:
        if (token.ended) return true;
        Fail(token.begin, token.begin + 2, "unterminated block comment", "it ends with |#");
        return false;
      case TokenKind::kLineComment:
      case TokenKind::kEnd:
        break;
    }
    return true;
  }

  bool OpenStructure(size_t begin, Shape shape) {
    if (!CheckTail(begin)) return false;
    Open open(heap_);
    open.begin = static_cast<uint32_t>(begin);
    open.shape = shape;
    open_.push_back(std::move(open));
    return true;
  }

  // A comment may stand where no datum may.
  bool OpenComment(size_t begin) {
    Open open(heap_);
    open.begin = static_cast<uint32_t>(begin);
    open.shape = Shape::kComment;
    open_.push_back(std::move(open));
    return true;
  }

  bool OpenQuote(size_t begin, absl::string_view name) {
    if (!CheckTail(begin)) return false;
    Open open(heap_);
    open.begin = static_cast<uint32_t>(begin);
    open.shape = Shape::kQuote;
    open.list.Add(heap_.Intern(name), Range(begin, at_));
    open_.push_back(std::move(open));
    return true;
  }

  bool CloseList(size_t begin) {
    if (open_.empty() || open_.back().prefix() || open_.back().tail == Open::Tail::kExpected) {
      Fail(begin, begin + 1, "unexpected ')'",
           open_.empty()           ? "no '(' is open"
           : open_.back().prefix() ? absl::StrCat(Mark(open_.back()), " stands before a datum; ",
                                                  "text is written \"...\"")
                                   : kPairHint);
      return false;
    }
    const Span span = Range(open_.back().begin, at_);
    Value value = open_.back().list.Finish(span);
    if (open_.back().shape == Shape::kVector) {
      std::vector<Value> items;
      for (; value.is_pair(); value = value.cdr()) items.push_back(value.car());
      value = heap_.Vector(std::move(items));
    }
    open_.pop_back();
    return Add(value, span);
  }

  // A datum may not follow the tail of a dotted pair.
  bool CheckTail(size_t begin) {
    if (open_.empty() || open_.back().tail != Open::Tail::kRead) return true;
    Fail(begin, begin + 1, "dotted pair: expected ')' after tail expression", kPairHint);
    return false;
  }

  // Puts a complete datum where it belongs; it may complete the quotes around it.
  bool Add(Value value, Span span) {
    if (!heap_.Fits(0)) {
      Fail(span.begin, span.end, "out of memory");
      return false;
    }
    while (!open_.empty() && open_.back().prefix()) {
      Open& quote = open_.back();
      if (quote.shape == Shape::kComment) {
        open_.pop_back();
        return true;
      }
      quote.list.Add(value, span);
      span = Range(quote.begin, span.end);
      value = quote.list.Finish(span);
      open_.pop_back();
    }
    if (open_.empty()) {
      data_.push_back({value, span});
    } else if (open_.back().tail == Open::Tail::kExpected) {
      open_.back().list.SetTail(value, span);
      open_.back().tail = Open::Tail::kRead;
    } else {
      open_.back().list.Add(value, span);
    }
    return true;
  }

  bool ReadString(const Token& token) {
    if (!CheckTail(token.begin)) return false;
    if (!token.ended) {
      FailInString(token);
      return false;
    }
    const absl::string_view text = text_.substr(0, token.end - 1);
    std::string value;
    for (size_t at = token.begin + 1; at < text.size(); ++at) {
      if (text[at] != '\\') {
        value.push_back(text[at]);
        continue;
      }
      const char escaped = text[++at];
      if (escaped == 'n') {
        value.push_back('\n');
      } else if (escaped == 't') {
        value.push_back('\t');
      } else if (escaped == 'r') {
        value.push_back('\r');
      } else if (escaped == 'x' && ReadHexEscape(text, &at, &value)) {
      } else {
        if (escaped != '"' && escaped != '\\') value.push_back('\\');
        value.push_back(escaped);
      }
    }
    const Span span = Range(token.begin, token.end);
    if (!long_string_.known() && text.substr(token.begin).find('\n') != absl::string_view::npos) {
      long_string_ = span;
    }
    return Add(heap_.String(std::move(value)), span);
  }

  void FailInString(const Token& token) {
    size_t escapes = 0;  // at the very end
    while (text_[text_.size() - 1 - escapes] == '\\') ++escapes;
    if (escapes % 2 == 1) {
      Fail(token.begin, token.end, "unterminated escape in string");
      return;
    }
    Fail(token.begin, token.begin + 1, "unterminated string");
    if (long_string_.known()) {
      diagnostics_.Note(long_string_, "this string goes over its line: is its '\"' missing?");
    }
  }

  // \xHEX; (R7RS 6.7), from its x on. Anything else after \x is text as it stands, as in the
  // original.
  bool ReadHexEscape(absl::string_view text, size_t* at, std::string* value) {
    const size_t end = text.find(';', *at);
    if (end == absl::string_view::npos || end - *at > 9) return false;
    const std::optional<char32_t> c = CharacterNamed(text.substr(*at, end - *at));
    if (!c || end == *at + 1) return false;
    AppendUtf8(*c, value);
    *at = end;
    return true;
  }

  bool ReadCharacter(const Token& token) {
    if (!CheckTail(token.begin)) return false;
    const Span span = Range(token.begin, token.end);
    if (!token.ended) {
      Fail(span.begin, span.end, "unterminated character");
      return false;
    }
    const absl::string_view name = text_.substr(token.begin + 2, token.end - token.begin - 2);
    const std::optional<char32_t> c = CharacterNamed(name);
    if (!c) {
      // The rest can still be read: more may be wrong.
      diagnostics_.Error(span, absl::StrCat("unknown character name: ", name),
                         CharacterNameHint(name));
    }
    return Add(Value::Char(c.value_or(' ')), span);
  }

  bool ReadWord(const Token& token) {
    const absl::string_view word = text_.substr(token.begin, token.end - token.begin);
    const Span span = Range(token.begin, token.end);
    if (word == ".") return ReadDot(span);
    if (!CheckTail(token.begin)) return false;
    if (word == "#t" || word == "#true") return Add(Value::Bool(true), span);
    if (word == "#f" || word == "#false") return Add(Value::Bool(false), span);
    if (!MayBeginNumber(word.front())) return Add(heap_.Intern(word), span);
    const std::variant<int64_t, double, NotANumber> number = ParseNumber(word);
    if (const int64_t* integer = std::get_if<int64_t>(&number)) {
      return Add(heap_.Integer(*integer), span);
    }
    if (const double* d = std::get_if<double>(&number)) return Add(heap_.Float(*d), span);
    if (std::get<NotANumber>(number) == NotANumber::kOutOfRange) {
      // The rest can still be read: more may be wrong.
      const bool integer = word.find_first_of(".eE") == absl::string_view::npos;
      diagnostics_.Error(span, absl::StrCat("number out of range: ", word),
                         integer ? "integers have 64 bits; write a float with '.' or 'e'"
                                 : "the largest float is about 1.8e308");
      return Add(Value::Fixnum(0), span);
    }
    return Add(heap_.Intern(word), span);
  }

  bool ReadDot(Span span) {
    if (open_.empty() || open_.back().shape != Shape::kList || open_.back().list.empty() ||
        open_.back().tail == Open::Tail::kExpected) {
      const bool vector = !open_.empty() && open_.back().shape == Shape::kVector;
      Fail(span.begin, span.end, "unexpected '.'", vector ? "a vector has no dot" : kPairHint);
      return false;
    }
    if (!CheckTail(span.begin)) return false;
    open_.back().tail = Open::Tail::kExpected;
    open_.back().dot = span.begin;
    return true;
  }

  Heap& heap_;
  const absl::string_view text_;  // up to the end of the part
  const size_t begin_;
  const uint32_t source_;
  Diagnostics& diagnostics_;
  size_t at_ = 0;  // the end of the token
  std::vector<Open> open_;
  std::vector<Datum> data_;
  Span long_string_;  // the first that has more than one line
};

}  // namespace

std::optional<std::vector<Datum>> Read(Heap& heap, const SourceMap& sources, Span part,
                                       Diagnostics& diagnostics) {
  return Reader(heap, sources.Find(part.source)->text(), part, diagnostics).ReadAll();
}

std::optional<std::vector<Datum>> Read(Heap& heap, const SourceMap& sources, uint32_t source,
                                       Diagnostics& diagnostics) {
  return Read(heap, sources, Whole(source), diagnostics);
}

}  // namespace pelagos::reml
