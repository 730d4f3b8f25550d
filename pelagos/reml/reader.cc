#include "pelagos/reml/reader.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/number.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }
bool EndsWord(char c) {
  return IsSpace(c) || c == '(' || c == ')' || c == ';' || c == '"' || c == '\'' || c == '`' ||
         c == ',';
}

class Reader {
 public:
  Reader(Heap& heap, absl::string_view text, uint32_t source, Diagnostics& diagnostics)
      : heap_(heap), text_(text), source_(source), diagnostics_(diagnostics) {}

  std::optional<std::vector<Datum>> ReadAll() {
    const size_t errors = diagnostics_.errors();
    if (text_.size() >= UINT32_MAX) return Fail(0, 0, "source too large");
    if (std::optional<size_t> bad = FindInvalidUtf8(text_)) {
      return Fail(*bad, *bad + 1, "not UTF-8");
    }
    for (SkipBlanks(); at_ < text_.size(); SkipBlanks()) {
      if (!ReadToken()) return std::nullopt;
    }
    if (!open_.empty()) return FailAtEnd();
    if (diagnostics_.errors() != errors) return std::nullopt;
    return std::move(data_);
  }

 private:
  // A list or a quote whose end has not been read.
  struct Open {
    explicit Open(Heap& heap) : list(heap) {}
    enum class Tail : uint8_t { kNone, kExpected, kRead };

    uint32_t begin = 0;
    bool quote = false;  // `list` then holds the name of its long form
    Tail tail = Tail::kNone;
    uint32_t dot = 0;  // where the dot stands, unless kNone
    ListBuilder list;
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
    if (innermost.quote) return Fail(text_.size(), text_.size(), "unexpected end of input");
    if (innermost.tail == Open::Tail::kExpected) {
      return Fail(innermost.dot, innermost.dot + 1, "dotted pair: expected tail after '.'");
    }
    return Fail(innermost.begin, innermost.begin + 1, "unmatched '('");
  }

  void SkipBlanks() {
    while (at_ < text_.size()) {
      if (text_[at_] == ';') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (IsSpace(text_[at_])) {
        ++at_;
      } else {
        return;
      }
    }
  }

  bool ReadToken() {
    const size_t begin = at_;
    switch (text_[at_]) {
      case '(':
        ++at_;
        return OpenList(begin);
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
      default:
        return ReadWord(begin);
    }
  }

  bool OpenList(size_t begin) {
    if (!CheckTail(begin)) return false;
    Open open(heap_);
    open.begin = static_cast<uint32_t>(begin);
    open_.push_back(std::move(open));
    return true;
  }

  bool OpenQuote(size_t begin, absl::string_view name) {
    if (!CheckTail(begin)) return false;
    Open open(heap_);
    open.begin = static_cast<uint32_t>(begin);
    open.quote = true;
    open.list.Add(heap_.Intern(name), Range(begin, at_));
    open_.push_back(std::move(open));
    return true;
  }

  bool CloseList(size_t begin) {
    if (open_.empty() || open_.back().quote || open_.back().tail == Open::Tail::kExpected) {
      Fail(begin, begin + 1, "unexpected ')'");
      return false;
    }
    const Span span = Range(open_.back().begin, at_);
    const Value list = open_.back().list.Finish(span);
    open_.pop_back();
    return Add(list, span);
  }

  // A datum may not follow the tail of a dotted pair.
  bool CheckTail(size_t begin) {
    if (open_.empty() || open_.back().tail != Open::Tail::kRead) return true;
    Fail(begin, begin + 1, "dotted pair: expected ')' after tail expression");
    return false;
  }

  // Puts a complete datum where it belongs; it may complete the quotes around it.
  bool Add(Value value, Span span) {
    if (!heap_.Fits(0)) {
      Fail(span.begin, span.end, "out of memory");
      return false;
    }
    while (!open_.empty() && open_.back().quote) {
      Open& quote = open_.back();
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
      } else {
        if (escaped != '"' && escaped != '\\') value.push_back('\\');
        value.push_back(escaped);
      }
    }
    Fail(begin, begin + 1, "unterminated string");
    return false;
  }

  bool ReadWord(size_t begin) {
    while (at_ < text_.size() && !EndsWord(text_[at_])) ++at_;
    const absl::string_view word = text_.substr(begin, at_ - begin);
    const Span span = Range(begin, at_);
    if (word == ".") return ReadDot(span);
    if (!CheckTail(begin)) return false;
    if (word == "#t" || word == "#true") return Add(Value::Bool(true), span);
    if (word == "#f" || word == "#false") return Add(Value::Bool(false), span);
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
    if (open_.empty() || open_.back().quote || open_.back().list.empty() ||
        open_.back().tail == Open::Tail::kExpected) {
      Fail(span.begin, span.end, "unexpected '.'");
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
};

}  // namespace

std::optional<std::vector<Datum>> Read(Heap& heap, const SourceMap& sources, uint32_t source,
                                       Diagnostics& diagnostics) {
  return Reader(heap, sources.Find(source)->text(), source, diagnostics).ReadAll();
}

}  // namespace pelagos::reml
