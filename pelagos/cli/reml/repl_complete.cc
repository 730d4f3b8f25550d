#include "pelagos/cli/reml/repl_complete.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "pelagos/cli/reml/repl_input.h"
#include "pelagos/language/vocabulary.h"
#include "pelagos/reml/lexer.h"

namespace pelagos::cli {
namespace {

using language::Vocabulary;
using language::Word;

class Labels {
 public:
  explicit Labels(std::string word) { completion_.word = std::move(word); }

  void Add(absl::string_view prefix, absl::string_view name) {
    std::string label = absl::StrCat(prefix, name);
    if (absl::StartsWith(label, completion_.word)) completion_.labels.push_back(std::move(label));
  }
  void AddWords() {
    for (const Word& word : Vocabulary::Get().words()) Add("", word.name());
  }
  void AddOptions(absl::string_view prefix) {
    for (const Word& option : Vocabulary::Get().options()) Add(prefix, option.name());
  }
  ReplCompletion Done() {
    std::vector<std::string>& labels = completion_.labels;
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    if (labels.empty()) return completion_;
    // They are sorted: what the first and the last have in common, all have.
    const std::string& first = labels.front();
    const std::string& last = labels.back();
    const size_t least = std::min(first.size(), last.size());
    size_t same =
        std::mismatch(first.begin(), first.begin() + least, last.begin()).first - first.begin();
    // Not half a character.
    while (same > 0 && same < first.size() &&
           (static_cast<unsigned char>(first[same]) & 0xc0) == 0x80) {
      --same;
    }
    completion_.common = first.substr(0, same);
    return completion_;
  }

 private:
  ReplCompletion completion_;
};

// Whether the text ends with '( or `( and blanks.
bool AtQuotedHead(absl::string_view text) {
  const auto strip = [&] {
    while (!text.empty() && reml::IsBlank(text.back())) text.remove_suffix(1);
  };
  strip();
  if (!absl::ConsumeSuffix(&text, "(")) return false;
  strip();
  return absl::EndsWith(text, "'") || absl::EndsWith(text, "`");
}

}  // namespace

ReplCompletion CompleteInput(const ReplSession& session, absl::string_view line) {
  size_t begin = line.size();
  while (begin > 0 && !reml::EndsWord(line[begin - 1])) --begin;
  const std::string word(line.substr(begin));
  const absl::string_view before = line.substr(0, begin);
  Labels labels(word);

  const size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  const bool command = session.pending().empty() && start < line.size() && line[start] == ',';
  if (command && begin == start + 1) {
    for (const ReplSession::Command& row : ReplSession::Commands()) labels.Add("", row.name);
    return labels.Done();
  }
  if (command && absl::StartsWith(line.substr(start), ",doc ")) {
    labels.AddWords();
    labels.AddOptions("");
    labels.AddOptions(":");
    return labels.Done();
  }

  PendingInput written = session.pending();
  written.Add(before);
  if (written.in_text()) return labels.Done();
  if (absl::StartsWith(word, ":")) {
    labels.AddOptions(":");
  } else if (AtQuotedHead(written.text())) {
    labels.AddOptions("");
  } else {
    labels.AddWords();
    for (const std::string& name : session.names()) labels.Add("", name);
  }
  return labels.Done();
}

}  // namespace pelagos::cli
