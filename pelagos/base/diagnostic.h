// Mistakes in a user's file, shown where they are:
//
//   web.reml:3:13: error: unknown capability 'net-admim'
//   3 |   :cap-add (net-admim chown))
//     |             ^^^^^^^^^ did you mean 'net-admin'?
//
// Host failures are absl::Status; mistakes in a user's program are Diagnostics, all of them and not
// only the first. Spans are byte offsets; lines and columns (1-based, columns in characters) are
// worked out only when a diagnostic is printed. It stands in base because every layer that checks
// what a user wrote (reml, spec, plan, cli) reports through it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos {

// A piece of one source: [begin, end) in bytes. `source` is the number that SourceMap gave.
// A default Span points nowhere (a value that no text stands for).
struct Span {
  static constexpr uint32_t kNowhere = 0xffffffff;
  uint32_t source = kNowhere;
  uint32_t begin = 0;
  uint32_t end = 0;

  constexpr bool known() const { return source != kNowhere; }
  friend constexpr bool operator==(const Span&, const Span&) = default;
};

struct LineColumn {
  int line = 1;    // 1-based
  int column = 1;  // 1-based, in characters (UTF-8 code points)
};

// One text, as it was read, under the name by which the user knows it.
class Source {
 public:
  Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
    // A byte order mark is no part of the first line.
    constexpr absl::string_view kMark = "\xef\xbb\xbf";
    if (absl::string_view(text_).substr(0, kMark.size()) == kMark) line_starts_[0] = kMark.size();
    for (size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '\n') line_starts_.push_back(static_cast<uint32_t>(i + 1));
    }
  }

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }

  LineColumn Locate(uint32_t offset) const {
    offset = std::clamp(offset, line_starts_[0], static_cast<uint32_t>(text_.size()));
    auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    const uint32_t start = *std::prev(next);
    return {
        static_cast<int>(next - line_starts_.begin()),
        1 + static_cast<int>(Characters(absl::string_view(text_).substr(start, offset - start)))};
  }

  // Where a 1-based line begins, in bytes.
  uint32_t LineStart(int line) const { return line_starts_[static_cast<size_t>(line - 1)]; }

  // The text of a 1-based line, without its end.
  absl::string_view Line(int line) const {
    absl::string_view rest = absl::string_view(text_).substr(LineStart(line));
    rest = rest.substr(0, rest.find('\n'));
    if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
    return rest;
  }

  // Whether a code point begins with this byte; other bytes continue one.
  static constexpr bool Begins(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

  // Code points.
  static size_t Characters(absl::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), Begins));
  }

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_ = {0};
};

// All sources of one evaluation. Only grows, so that every Span stays good.
class SourceMap {
 public:
  uint32_t Add(std::string name, std::string text) {
    sources_.emplace_back(std::move(name), std::move(text));
    return static_cast<uint32_t>(sources_.size() - 1);
  }
  const Source* Find(uint32_t source) const {
    return source < sources_.size() ? &sources_[source] : nullptr;
  }

 private:
  std::vector<Source> sources_;
};

enum class Severity : uint8_t { kError, kWarning, kNote };

struct Diagnostic {
  Severity severity = Severity::kError;
  Span span;
  std::string message;  // what is wrong, what was expected; no trailing period
  std::string hint;     // what to do; printed after the caret, may be empty

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// Collects; never prints, never stops.
class Diagnostics {
 public:
  void Error(Span span, std::string message, std::string hint = "") {
    Add({Severity::kError, span, std::move(message), std::move(hint)});
  }
  void Warning(Span span, std::string message, std::string hint = "") {
    Add({Severity::kWarning, span, std::move(message), std::move(hint)});
  }
  // Belongs to the error before it ("called from here").
  void Note(Span span, std::string message) {
    Add({Severity::kNote, span, std::move(message), ""});
  }
  void Add(Diagnostic diagnostic) {
    if (diagnostic.severity == Severity::kError) ++errors_;
    list_.push_back(std::move(diagnostic));
  }
  void Append(const Diagnostics& other) {
    for (const Diagnostic& diagnostic : other.list_) Add(diagnostic);
  }

  bool ok() const { return errors_ == 0; }
  size_t errors() const { return errors_; }
  bool empty() const { return list_.empty(); }
  const std::vector<Diagnostic>& list() const { return list_; }

 private:
  std::vector<Diagnostic> list_;
  size_t errors_ = 0;
};

namespace internal {

// A text as blanks: tabs stay tabs, so that what is printed below a line stands under its text.
inline std::string Blanks(absl::string_view text) {
  std::string blanks;
  for (char c : text) {
    if (Source::Begins(c)) blanks.push_back(c == '\t' ? '\t' : ' ');
  }
  return blanks;
}

// A line of a diagnostic, in two parts: what stands before the caret, and what the caret is under.
// Of a long line only the part around the caret is shown.
struct Excerpt {
  std::string before, after;
  size_t width = 0;  // of `after`, in characters, without the dots of what is left out
};

// Requires: `caret`, in bytes, is at most the size of the line.
inline Excerpt ExcerptOf(absl::string_view line, size_t caret) {
  constexpr int kBefore = 100, kAfter = 160;  // characters
  constexpr absl::string_view kDots = "...";
  size_t begin = caret;
  for (int left = kBefore; begin > 0 && left > 0;) left -= Source::Begins(line[--begin]) ? 1 : 0;
  size_t end = caret;
  for (int left = kAfter; end < line.size(); ++end) {
    if (Source::Begins(line[end]) && left-- == 0) break;
  }
  const absl::string_view after = line.substr(caret, end - caret);
  return {absl::StrCat(begin > 0 ? kDots : "", line.substr(begin, caret - begin)),
          absl::StrCat(after, end < line.size() ? kDots : ""), Source::Characters(after)};
}

}  // namespace internal

inline absl::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
    case Severity::kError:
      break;
  }
  return "error";
}

// One diagnostic as text, with a final newline. A span of several lines is underlined to the end of
// its first.
inline std::string Render(const SourceMap& sources, const Diagnostic& diagnostic) {
  const absl::string_view severity = SeverityName(diagnostic.severity);
  const Source* source = sources.Find(diagnostic.span.source);
  if (source == nullptr) {
    std::string text = absl::StrCat(severity, ": ", diagnostic.message, "\n");
    if (!diagnostic.hint.empty()) absl::StrAppend(&text, "  ", diagnostic.hint, "\n");
    return text;
  }
  const LineColumn at = source->Locate(diagnostic.span.begin);
  const absl::string_view line = source->Line(at.line);
  const std::string number = absl::StrCat(at.line);
  const size_t caret =
      std::max(diagnostic.span.begin, source->LineStart(at.line)) - source->LineStart(at.line);
  const internal::Excerpt shown = internal::ExcerptOf(line, std::min(caret, line.size()));
  const absl::string_view marked =
      absl::string_view(source->text())
          .substr(std::min<size_t>(diagnostic.span.begin, source->text().size()));
  const size_t bytes =
      diagnostic.span.end > diagnostic.span.begin ? diagnostic.span.end - diagnostic.span.begin : 0;
  const size_t width =
      std::max<size_t>(1, std::min(Source::Characters(marked.substr(0, bytes)), shown.width));
  return absl::StrCat(source->name(), ":", at.line, ":", at.column, ": ", severity, ": ",
                      diagnostic.message, "\n", number, " | ", shown.before, shown.after, "\n",
                      std::string(number.size(), ' '), " | ", internal::Blanks(shown.before),
                      std::string(width, '^'), diagnostic.hint.empty() ? "" : " ", diagnostic.hint,
                      "\n");
}

inline std::string Render(const SourceMap& sources, const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics.list()) text += Render(sources, diagnostic);
  return text;
}

}  // namespace pelagos
