#include "pelagos/cli/key_value_file.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

constexpr size_t kLargestFile = 4 << 20;
constexpr absl::string_view kBlanks = " \t";
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

absl::StatusOr<std::vector<KeyValueLine>> ParseKeyValueLines(absl::string_view text) {
  std::vector<KeyValueLine> lines;
  absl::ConsumePrefix(&text, kByteOrderMark);
  size_t number = 0;
  const auto wrong = [&number](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("line ", number, " ", what));
  };
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    absl::ConsumeSuffix(&line, "\r");
    if (line.find('\0') != absl::string_view::npos) return wrong("holds a NUL byte");
    const size_t begin = line.find_first_not_of(kBlanks);
    if (begin == absl::string_view::npos || line[begin] == '#') continue;
    line.remove_prefix(begin);
    const size_t equals = line.find('=');
    const absl::string_view key = line.substr(0, equals);
    if (key.empty()) return wrong("has no name before its '='");
    if (key.find_first_of(kBlanks) != absl::string_view::npos) {
      return wrong(absl::StrCat("has blanks in the name '", key, "'"));
    }
    KeyValueLine& added = lines.emplace_back();
    added.key = std::string(key);
    if (equals != absl::string_view::npos) added.value = std::string(line.substr(equals + 1));
  }
  return lines;
}

absl::StatusOr<std::vector<KeyValueLine>> ReadKeyValueFile(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(path, kLargestFile));
  PELAGOS_ASSIGN_OR_RETURN(std::vector<KeyValueLine> lines, ParseKeyValueLines(text), path);
  return lines;
}

}  // namespace pelagos::cli
