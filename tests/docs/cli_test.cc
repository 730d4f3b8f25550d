// docs/cli.md against the rows of the commands: all that is between its marks is written by them.
//
// PELAGOS_UPDATE_GOLDENS=1 bazel run //tests/docs:cli_test writes it as it is now.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "pelagos/cli/commands.h"
#include "tests/golden/golden.h"

namespace pelagos::docs {
namespace {

constexpr char kPage[] = "docs/cli.md";
constexpr char kBegin[] = "<!-- commands -->\n", kEnd[] = "<!-- end of commands -->\n";

// In a cell of a table.
std::string Cell(absl::string_view text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

std::string SectionOf(const cli::CommandGroup& group, const cli::Command& command) {
  std::string text =
      absl::StrCat("\n### ", command.name, "\n\n", command.summary, "\n\n    pelagos ",
                   command.name, command.usage.empty() ? "" : " ", command.usage, "\n\n");
  if (!command.flags.empty()) text += "| flag | |\n|---|---|\n";
  for (const cli::Flag& flag : command.flags) {
    const std::string value = flag.value.empty() ? "" : absl::StrCat(" ", flag.value);
    std::string spelled = absl::StrCat("`--", flag.name, value, "`");
    if (flag.letter != 0)
      absl::StrAppend(&spelled, ", `-", std::string(1, flag.letter), value, "`");
    absl::StrAppend(&text, "| ", Cell(spelled), " | ", Cell(flag.help), " |\n");
  }
  if (!command.flags.empty()) text += "\n";
  std::vector<std::string> others;
  if (group.containers) others.push_back(absl::StrCat("`container ", command.name, "`"));
  for (const cli::Alias& alias : cli::Aliases()) {
    if (alias.meaning == command.name) others.push_back(absl::StrCat("`", alias.name, "`"));
  }
  absl::StrAppend(&text, "Example: `", command.example, "`\n");
  if (!others.empty()) absl::StrAppend(&text, "\nAlso: ", absl::StrJoin(others, ", "), ".\n");
  return text;
}

std::string Commands() {
  const std::vector<cli::CommandGroup> groups = cli::CommandGroups();
  std::string text = absl::StrCat("\n```text\n", cli::HelpFor(groups), "```\n");
  for (const cli::CommandGroup& group : groups) {
    absl::StrAppend(&text, "\n## ", group.title, "\n");
    for (const cli::Command& command : group.commands) text += SectionOf(group, command);
  }
  return text + "\n";
}

TEST(CliPageTest, SaysWhatTheCommandsAre) {
  const std::string page = golden::ReadTestFile(kPage);
  const size_t begin = page.find(kBegin), end = page.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  golden::ExpectGolden(kPage,
                       absl::StrCat(page.substr(0, begin), kBegin, Commands(), page.substr(end)));
}

}  // namespace
}  // namespace pelagos::docs
