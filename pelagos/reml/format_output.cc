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
}

void FormatOutput::AppendComment(absl::string_view text, size_t characters) {
  if (!trailing_.empty() && line_ != trailing_line_ + 1) AlignComments();
  trailing_.push_back({text_.size(), column_, characters});
  trailing_line_ = line_;
  Append("  ", 2);
  Append(text, characters);
}

void FormatOutput::NewLine(bool blank, size_t column) {
  if (!trailing_.empty() && trailing_line_ != line_) AlignComments();
  const size_t lines = blank ? 2 : 1;
  text_.append(lines, '\n');
  line_ += lines;
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
    size_t code = trailing_[i].column;
    size_t comment = trailing_[i].characters;
    size_t end = i + 1;
    for (; end < trailing_.size(); ++end) {
      const size_t wider_code = std::max(code, trailing_[end].column);
      const size_t wider_comment = std::max(comment, trailing_[end].characters);
      if (wider_code + 2 + wider_comment > width_) break;
      code = wider_code;
      comment = wider_comment;
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
