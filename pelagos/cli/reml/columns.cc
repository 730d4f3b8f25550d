#include "pelagos/cli/reml/columns.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/diagnostic.h"

namespace pelagos::cli {

std::string InColumns(const std::vector<std::string>& names, size_t width, size_t indent) {
  constexpr size_t kGap = 2;
  if (names.empty()) return "";
  size_t widest = 0;
  for (const std::string& name : names) widest = std::max(widest, Source::Characters(name));
  const size_t room = width > indent ? width - indent + kGap : 0;
  const size_t columns = std::max<size_t>(1, room / (widest + kGap));
  const size_t rows = (names.size() + columns - 1) / columns;
  std::string text;
  for (size_t row = 0; row < rows; ++row) {
    text.append(indent, ' ');
    for (size_t at = row; at < names.size(); at += rows) {
      text += names[at];
      if (at + rows < names.size()) {
        text.append(widest + kGap - Source::Characters(names[at]), ' ');
      }
    }
    text += '\n';
  }
  return text;
}

std::string Wrapped(absl::string_view text, size_t width, size_t indent) {
  std::string wrapped;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    size_t used = 0;
    for (absl::string_view word : absl::StrSplit(line, ' ', absl::SkipEmpty())) {
      const size_t size = Source::Characters(word);
      if (used > 0 && used + 1 + size > width) {
        wrapped += '\n';
        used = 0;
      }
      if (used == 0) {
        wrapped.append(indent, ' ');
        used = indent;
      } else {
        wrapped += ' ';
        ++used;
      }
      absl::StrAppend(&wrapped, word);
      used += size;
    }
    wrapped += '\n';
  }
  return wrapped;
}

}  // namespace pelagos::cli
