#include "pelagos/cli/oci/help.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pelagos::cli {
namespace {

std::string FlagLines(const std::vector<Flag>& flags) {
  std::string text;
  const auto add = [&text](const Flag& flag) {
    const std::string value = flag.value.empty() ? "" : absl::StrCat(" ", flag.value);
    std::string spelled = absl::StrCat("--", flag.name, value);
    if (flag.letter != 0) {
      absl::StrAppend(&spelled, ", -", absl::string_view(&flag.letter, 1), value);
    }
    absl::StrAppendFormat(&text, "   %-34s %s\n", spelled, std::string(flag.help));
  };
  for (const Flag& flag : flags) add(flag);
  add({"help", 'h', "", "print this help"});
  return text;
}

const Flag* FindLong(const std::vector<Flag>& flags, absl::string_view name) {
  const auto found = std::find_if(flags.begin(), flags.end(),
                                  [name](const Flag& flag) { return flag.name == name; });
  return found == flags.end() ? nullptr : &*found;
}

}  // namespace

std::string OciHelp(const std::vector<OciRow>& rows, const std::vector<Flag>& global) {
  std::string text = absl::StrCat(
      "NAME:\n   ", kOciName, " - Open Container Initiative runtime\n\nUSAGE:\n   ", kOciName,
      " [global options] command [command options] [arguments...]\n\nCOMMANDS:\n");
  for (const OciRow& row : rows) {
    absl::StrAppendFormat(&text, "   %-12s %s\n", std::string(row.name), std::string(row.summary));
  }
  absl::StrAppend(&text, "   help         Print this, or the help of a command.\n",
                  "\nGLOBAL OPTIONS:\n", FlagLines(global));
  return text;
}

std::string OciHelp(const OciRow& row) {
  return absl::StrCat("NAME:\n   ", kOciName, " ", row.name, " - ", row.summary, "\n\nUSAGE:\n   ",
                      kOciName, " ", row.name, " ", row.usage, "\n\nOPTIONS:\n",
                      FlagLines(row.flags));
}

std::string CountProblem(const OciRow& row, size_t count) {
  const std::string start = absl::StrCat(kOciName, ": \"", row.name, "\" requires ");
  if (row.least == row.most && count != row.least) {
    return absl::StrCat(start, "exactly ", row.least, " argument(s)");
  }
  if (count < row.least) return absl::StrCat(start, "a minimum of ", row.least, " argument(s)");
  if (count > row.most) return absl::StrCat(start, "a maximum of ", row.most, " argument(s)");
  return "";
}

std::vector<std::string> SpelledOut(const std::vector<Flag>& flags,
                                    const std::vector<std::string>& words, bool options_first) {
  std::vector<std::string> spelled;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool is_flag = word.size() > 1 && word[0] == '-';
    if (word == "--" || (!is_flag && options_first)) {
      spelled.insert(spelled.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    const size_t dashes = absl::StartsWith(word, "--") ? 2 : 1;
    const absl::string_view body = absl::string_view(word).substr(is_flag ? dashes : 0);
    const size_t equals = body.find('=');
    const absl::string_view name = body.substr(0, equals);
    const Flag* flag = is_flag && name.size() > 1 ? FindLong(flags, name) : nullptr;
    if (flag == nullptr) {
      spelled.push_back(word);
      // The value of a short flag is no word of its own.
      const auto letter = std::find_if(flags.begin(), flags.end(), [&](const Flag& other) {
        return is_flag && dashes == 1 && other.letter == word.back();
      });
      const bool takes = letter != flags.end() && !letter->value.empty() && name.size() == 1;
      if (takes && i + 1 < words.size()) spelled.push_back(words[++i]);
      continue;
    }
    if (!flag->value.empty()) {
      spelled.push_back(absl::StrCat("--", body));
      if (equals == absl::string_view::npos && i + 1 < words.size()) {
        spelled.push_back(words[++i]);
      }
      continue;
    }
    const absl::string_view value =
        equals == absl::string_view::npos ? "true" : body.substr(equals + 1);
    if (value == "true" || value == "1") {
      spelled.push_back(absl::StrCat("--", name));
    } else if (value != "false" && value != "0") {
      spelled.push_back(absl::StrCat("--", body));  // and is refused as such
    }
  }
  return spelled;
}

}  // namespace pelagos::cli
