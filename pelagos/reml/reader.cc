#include "pelagos/reml/reader.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/number.h"
#include "pelagos/reml/reader_hints.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

constexpr std::array<bool, 256> MakeWordEnds() {
  std::array<bool, 256> ends{};
  for (char c : absl::string_view(" \t\r\n\f();\"'`,")) ends[static_cast<unsigned char>(c)] = true;
  return ends;
}
constexpr std::array<bool, 256> kWordEnds = MakeWordEnds();
bool EndsWord(char c) { return kWordEnds[static_cast<unsigned char>(c)]; }

// Whether a word with this first character may be a number.
bool MayBeginNumber(char c) { return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; }

class Reader {
 public:
  Reader(Heap& heap, absl::string_view text, uint32_t source, Diagnostics& diagnostics)
      : heap_(heap), text_(text), source_(source), diagnostics_(diagnostics) {}

  std::optional<std::vector<Datum>> ReadAll() {
    const size_t errors = diagnostics_.errors();
    if (text_.size() >= UINT32_MAX) return Fail(0, 0, "source too large");
    if (std::optional<size_t> bad = FindInvalidUtf8(text_)) {
      return Fail(*bad, *bad + 1, "not UTF-8",
                  absl::StrCat("byte 0x", absl::Hex(static_cast<unsigned char>(text_[*bad])),
                               ": save the file as UTF-8"));
    }
    while (true) {
      if (!SkipBlanks()) return std::nullopt;
      if (at_ >= text_.size()) break;
      if (!ReadToken()) return std::nullopt;
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

  // false: a block comment does not end.
  bool SkipBlanks() {
    while (at_ < text_.size()) {
      if (text_[at_] == ';') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (IsSpace(text_[at_])) {
        ++at_;
      } else if (Follows("#|")) {
        if (!SkipBlockComment()) return false;
      } else {
        return true;
      }
    }
    return true;
  }

  bool Follows(absl::string_view mark) const { return text_.substr(at_, mark.size()) == mark; }

  // #| ... |#, which nest.
  bool SkipBlockComment() {
    const size_t begin = at_;
    size_t depth = 0;
    do {
      if (Follows("#|")) {
        ++depth;
        at_ += 2;
      } else if (Follows("|#")) {
        --depth;
        at_ += 2;
      } else if (at_ < text_.size()) {
        ++at_;
      } else {
        Fail(begin, begin + 2, "unterminated block comment", "it ends with |#");
        return false;
      }
    } while (depth != 0);
    return true;
  }

  bool ReadToken() {
    const size_t begin = at_;
    switch (text_[at_]) {
      case '(':
        ++at_;
        return OpenStructure(begin, Shape::kList);
      case ')':
        ++at_;
        return CloseList(begin);
      case '\'':
        ++at_;
        return OpenQuote(begin, "quote");
      case '`':
        ++at_;
        return OpenQuote(begin, "quasiquote");
      case ',':
        ++at_;
        if (at_ < text_.size() && text_[at_] == '@') {
          ++at_;
          return OpenQuote(begin, "unquote-splicing");
        }
        return OpenQuote(begin, "unquote");
      case '"':
        return ReadString(begin);
      case '#':
        if (Follows("#(")) {
          at_ += 2;
          return OpenStructure(begin, Shape::kVector);
        }
        if (Follows("#;")) {
          at_ += 2;
          return OpenComment(begin);
        }
        if (Follows("#\\")) return ReadCharacter(begin);
        return ReadWord(begin);
      default:
        return ReadWord(begin);
    }
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

  bool ReadString(size_t begin) {
    if (!CheckTail(begin)) return false;
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (!long_string_.known() &&
            text_.substr(begin, at_ - begin).find('\n') != absl::string_view::npos) {
          long_string_ = Range(begin, at_);
        }
        return Add(heap_.String(std::move(value)), Range(begin, at_));
      }
      if (c != '\\') {
        value.push_back(c);
        continue;
      }
      if (++at_ == text_.size()) {
        Fail(begin, text_.size(), "unterminated escape in string");
        return false;
      }
      const char escaped = text_[at_];
      if (escaped == 'n') {
        value.push_back('\n');
      } else if (escaped == 't') {
        value.push_back('\t');
      } else if (escaped == 'r') {
        value.push_back('\r');
      } else if (escaped == 'x' && ReadHexEscape(&value)) {
      } else {
        if (escaped != '"' && escaped != '\\') value.push_back('\\');
        value.push_back(escaped);
      }
    }
    Fail(begin, begin + 1, "unterminated string");
    if (long_string_.known()) {
      diagnostics_.Note(long_string_, "this string goes over its line: is its '\"' missing?");
    }
    return false;
  }

  // \xHEX; (R7RS 6.7). Anything else after \x is text as it stands, as in the original.
  bool ReadHexEscape(std::string* value) {
    const size_t end = text_.find(';', at_);
    if (end == absl::string_view::npos || end - at_ > 9) return false;
    const std::optional<char32_t> c = CharacterNamed(text_.substr(at_, end - at_));
    if (!c || end == at_ + 1) return false;
    AppendUtf8(*c, value);
    at_ = end;
    return true;
  }

  bool ReadCharacter(size_t begin) {
    if (!CheckTail(begin)) return false;
    at_ += 2;
    if (at_ == text_.size()) {
      Fail(begin, at_, "unterminated character");
      return false;
    }
    // The first character counts even where it would end a word: #\( and #\;
    const size_t name = at_;
    NextCharacter(text_, at_);
    while (at_ < text_.size() && !EndsWord(text_[at_])) ++at_;
    const absl::string_view word = text_.substr(name, at_ - name);
    const std::optional<char32_t> c = CharacterNamed(word);
    if (!c) {
      // The rest can still be read: more may be wrong.
      diagnostics_.Error(Range(begin, at_), absl::StrCat("unknown character name: ", word),
                         CharacterNameHint(word));
    }
    return Add(Value::Char(c.value_or(' ')), Range(begin, at_));
  }

  bool ReadWord(size_t begin) {
    while (at_ < text_.size() && !EndsWord(text_[at_])) ++at_;
    const absl::string_view word = text_.substr(begin, at_ - begin);
    const Span span = Range(begin, at_);
    if (word == ".") return ReadDot(span);
    if (!CheckTail(begin)) return false;
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
  const absl::string_view text_;
  const uint32_t source_;
  Diagnostics& diagnostics_;
  size_t at_ = 0;
  std::vector<Open> open_;
  std::vector<Datum> data_;
  Span long_string_;  // the first that has more than one line
};

}  // namespace

std::optional<std::vector<Datum>> Read(Heap& heap, const SourceMap& sources, uint32_t source,
                                       Diagnostics& diagnostics) {
  return Reader(heap, sources.Find(source)->text(), source, diagnostics).ReadAll();
}

}  // namespace pelagos::reml
