// The text that the formatter writes: it knows the column, and puts the comments behind
// consecutive lines into one column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::reml {

class FormatOutput {
 public:
  // `expected`: about how many bytes it will be.
  FormatOutput(size_t width, size_t expected) : width_(width) {
    text_.reserve(expected + expected / 8);
  }

  // In characters, from 0.
  size_t column() const { return column_; }
  size_t width() const { return width_; }
  size_t size() const { return text_.size(); }  // bytes, so far

  // `characters` is how many there are; no line break is in them.
  void Append(absl::string_view text, size_t characters) {
    text_.append(text.data(), text.size());
    column_ += characters;
  }
  void Append(char c) {
    text_.push_back(c);
    ++column_;
  }
  // Text that may have line breaks.
  void AppendLines(absl::string_view text);
  // A comment behind the code of a line; it ends the line.
  void AppendComment(absl::string_view text, size_t characters);
  // Whether such a comment was just written, and can go on below itself. Not behind the end of a
  // string of several lines, where it may stand further to the left than what follows.
  bool CanContinueComment() const {
    return !trailing_.empty() && trailing_line_ == line_ && !in_lines_;
  }
  // A line of nothing but the comment, in the column of the one above.
  // Requires: CanContinueComment()
  void ContinueComment(absl::string_view text, size_t characters);
  // Indentation goes no further than the width, so that deep nesting does not multiply a text.
  void NewLine(bool blank, size_t column);

  // Ends the last line.
  std::string Finish() &&;

 private:
  struct Trailing {
    size_t at;          // the end of the code
    size_t column;      // of that
    size_t characters;  // of the comment
    bool continues;     // the one before
  };

  void AlignComments();

  const size_t width_;
  std::string text_;
  size_t column_ = 0;
  size_t line_ = 0;
  bool in_lines_ = false;           // this line began in a string or a comment
  std::vector<Trailing> trailing_;  // of consecutive lines, the last of them is:
  size_t trailing_line_ = 0;
  std::string scratch_;
};

}  // namespace pelagos::reml
