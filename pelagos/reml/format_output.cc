#include "pelagos/reml/format_output.h"

#include <algorithm>
#include <utility>

#include "pelagos/reml/format_measure.h"

namespace pelagos::reml {

void FormatOutput::AppendLines(absl::string_view text) {
  const size_t last = text.rfind('\n');
  if (last == absl::string_view::npos) return Append(text, CountCharacters(text));
  AlignComments();
  line_ += static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  text_.append(text.data(), text.size());
  column_ = CountCharacters(text.substr(last + 1));
  in_lines_ = true;
}

void FormatOutput::AppendComment(absl::string_view text, size_t characters) {
  if (!trailing_.empty() && line_ != trailing_line_ + 1) AlignComments();
  trailing_.push_back({text_.size(), column_, characters, false});
  trailing_line_ = line_;
  Append("  ", 2);
  Append(text, characters);
}

void FormatOutput::ContinueComment(absl::string_view text, size_t characters) {
  text_.push_back('\n');
  column_ = 0;
  trailing_line_ = ++line_;
  trailing_.push_back({text_.size(), 0, characters, true});
  Append("  ", 2);
  Append(text, characters);
}

void FormatOutput::NewLine(bool blank, size_t column) {
  if (!trailing_.empty() && trailing_line_ != line_) AlignComments();
  const size_t lines = blank ? 2 : 1;
  text_.append(lines, '\n');
  line_ += lines;
  in_lines_ = false;
  column_ = std::min(column, width_);
  text_.append(column_, ' ');
}

// As many lines as possible share a column without going beyond the width, then the next ones.
void FormatOutput::AlignComments() {
  if (trailing_.size() < 2) return trailing_.clear();
  const size_t begin = trailing_.front().at;
  scratch_.assign(text_, begin, std::string::npos);
  text_.resize(begin);
  for (size_t i = 0; i < trailing_.size();) {
    size_t code = 0;
    size_t comment = 0;
    size_t end = i;
    while (end < trailing_.size()) {
      // A comment and what continues it.
      size_t wider_code = code;
      size_t wider_comment = comment;
      size_t next = end;
      do {
        wider_code = std::max(wider_code, trailing_[next].column);
        wider_comment = std::max(wider_comment, trailing_[next].characters);
        ++next;
      } while (next < trailing_.size() && trailing_[next].continues);
      if (end > i && wider_code + 2 + wider_comment > width_) break;
      code = wider_code;
      comment = wider_comment;
      end = next;
    }
    for (; i < end; ++i) {
      text_.append(code - trailing_[i].column, ' ');
      const size_t from = trailing_[i].at - begin;
      const size_t to = i + 1 < trailing_.size() ? trailing_[i + 1].at - begin : scratch_.size();
      text_.append(scratch_, from, to - from);
    }
  }
  trailing_.clear();
}

std::string FormatOutput::Finish() && {
  AlignComments();
  if (!text_.empty()) text_.push_back('\n');
  return std::move(text_);
}

}  // namespace pelagos::reml
