#include "pelagos/cli/reml/repl_complete.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/reml/repl_input.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/names.h"
#include "pelagos/language/vocabulary.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::cli {
namespace {

using language::Vocabulary;
using language::Word;

class Labels {
 public:
  explicit Labels(std::string word) { completion_.word = std::move(word); }

  void Add(absl::string_view label) {
    if (absl::StartsWith(label, completion_.word)) completion_.labels.emplace_back(label);
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

}  // namespace

ReplCompletion CompleteInput(const ReplSession& session, absl::string_view line) {
  const size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  if (session.pending().empty() && absl::StartsWith(line.substr(start), ",")) {
    const absl::string_view command = line.substr(start + 1);
    const size_t blank = command.find_first_of(" \t(");
    if (blank == absl::string_view::npos) {
      Labels labels{std::string(command)};
      for (const ReplSession::Command& row : ReplSession::Commands()) labels.Add(row.name);
      return labels.Done();
    }
    if (command.substr(0, blank) == "doc") {
      Labels labels{std::string(command.substr(command.find_last_of(" \t") + 1))};
      for (const Word& word : Vocabulary::Get().words()) labels.Add(word.name());
      for (const Word& option : Vocabulary::Get().options()) {
        labels.Add(option.name());
        labels.Add(absl::StrCat(":", option.name()));
      }
      return labels.Done();
    }
    if (!ReplSession::TakesForm(line.substr(start))) return {};
  }

  // As if the session were one program.
  const std::string program = absl::StrCat(session.program(), session.pending().text(), "\n", line);
  if (program.size() >= UINT32_MAX) return {};
  const reml::SyntaxTree tree(program);
  const language::Names names(tree);
  const auto end = static_cast<uint32_t>(program.size());
  const language::Completions found = language::CompleteAt(names, end);
  Labels labels(program.substr(found.range.begin));
  bool names_stand_here = false;
  for (const language::Completion& item : found.items) {
    names_stand_here |= item.kind == language::Completion::Kind::kProcedure;
    labels.Add(item.label);
  }
  // Also what files and macros have defined.
  if (names_stand_here) {
    for (const std::string& name : session.names()) labels.Add(name);
  }
  return labels.Done();
}

}  // namespace pelagos::cli
