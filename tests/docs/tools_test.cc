// docs/reml/tools.md against the tools: every command with its usage and its flags, the rules of
// the checker, what the formatter makes of its examples, and what the shown commands print.
//
//   ```console           `$ COMMAND` lines, each with all that it prints. The commands of a page
//   run
//                        in one folder, in the order of the page, each block in a shell of its own.
//   ```scheme NAME       a file of that folder
//   ```scheme before.reml, then
//   ```scheme after.reml what the formatter makes of it
//
// PELAGOS_UPDATE_GOLDENS=1 bazel run //tests/docs:tools_test writes it all as it is now.
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/reml/commands.h"
#include "pelagos/cli/reml/repl_session.h"
#include "pelagos/language/check.h"
#include "pelagos/lsp/features.h"
#include "pelagos/reml/format.h"
#include "pelagos/reml/syntax_tree.h"
#include "tests/golden/golden.h"

namespace pelagos::docs {
namespace {

namespace fs = std::filesystem;

constexpr char kPage[] = "docs/reml/tools.md";

std::string RuleTable() {
  std::string table = "| rule | | what it finds |\n|---|---|---|\n";
  for (const language::Rule& rule : language::Rules()) {
    absl::StrAppend(&table, "| `", rule.name, "` | ",
                    rule.severity == Severity::kError ? "error" : "warning", " | ", rule.doc,
                    " |\n");
  }
  return table;
}

std::string Formatted(const std::string& program) {
  const auto formatted = reml::Format(reml::SyntaxTree(program));
  EXPECT_TRUE(formatted) << program;
  return formatted.value_or(program);
}

// The folder in which the commands of the page run.
class Shell {
 public:
  Shell() : folder_(absl::StrCat(testing::TempDir(), "tools")) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  void AddFile(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  // The block again, with what its commands print now.
  std::string Run(absl::string_view block) {
    std::vector<std::string> commands;
    for (absl::string_view line : absl::StrSplit(block, '\n')) {
      if (absl::ConsumePrefix(&line, "$ ")) commands.emplace_back(line);
    }
    constexpr char kEnd[] = "\001";
    // `bazel run` tells the program where it was called.
    std::string script =
        absl::StrCat("cd '", folder_.string(), "' || exit\nexec 2>&1\nHOME=$PWD PATH='",
                     fs::absolute("tools").string(),
                     "':/usr/bin:/bin\nexport HOME PATH\nunset BUILD_WORKING_DIRECTORY\n");
    for (const std::string& command : commands) {
      // $? has to be the command's, also for the next one.
      absl::StrAppend(&script, command, "\ncode=$?\nprintf '\\001'\n(exit $code)\n");
    }
    AddFile("script", script);
    const std::string call = absl::StrCat("/bin/sh '", (folder_ / "script").string(), "'");
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(call.c_str(), "r"), ::pclose);
    EXPECT_NE(pipe, nullptr);
    std::string printed;
    for (int c; pipe != nullptr && (c = std::fgetc(pipe.get())) != EOF;) {
      printed += static_cast<char>(c);
    }
    pipe.reset();
    fs::remove(folder_ / "script");
    const std::vector<std::string> outputs = absl::StrSplit(printed, kEnd);
    EXPECT_EQ(outputs.size(), commands.size() + 1) << printed;
    std::string again;
    for (size_t i = 0; i < commands.size() && i < outputs.size(); ++i) {
      absl::StrAppend(&again, "$ ", commands[i], "\n", outputs[i]);
    }
    return again;
  }

 private:
  fs::path folder_;
};

// The page with all that can be found out anew.
std::string Renewed(const std::string& page) {
  Shell shell;
  std::string renewed, info, block, before;
  bool inside = false, rules = false;
  for (absl::string_view line : absl::StrSplit(absl::StripSuffix(page, "\n"), '\n')) {
    if (line == "<!-- end of rules -->") rules = false;
    if (absl::StartsWith(line, "```") && inside) {
      inside = false;
      if (info == "console") block = shell.Run(block);
      if (info == "scheme after.reml") block = Formatted(before);
      if (info == "scheme before.reml") {
        before = block;
      } else if (absl::StartsWith(info, "scheme ") || absl::StartsWith(info, "json ")) {
        shell.AddFile(info.substr(info.rfind(' ') + 1), block);
      }
      absl::StrAppend(&renewed, block);
    } else if (absl::StartsWith(line, "```")) {
      inside = true;
      info = std::string(line.substr(3));
      block.clear();
    } else if (inside) {
      absl::StrAppend(&block, line, "\n");
      continue;
    }
    if (!rules) absl::StrAppend(&renewed, line, "\n");
    if (line == "<!-- rules -->") {
      rules = true;
      absl::StrAppend(&renewed, RuleTable());
    }
  }
  return renewed;
}

// From the heading of a command to the next one of its rank.
std::string SectionOf(const std::string& page, absl::string_view name) {
  const std::string heading = absl::StrCat("\n## ", name, "\n");
  const size_t begin = page.find(heading);
  if (begin == std::string::npos) return "";
  return page.substr(begin, page.find("\n## ", begin + 1) - begin);
}

TEST(ToolsTest, PageSaysWhatTheToolsDo) {
  const std::string page = golden::ReadTestFile(kPage);
  ASSERT_TRUE(absl::StrContains(page, "\n<!-- rules -->\n"));
  ASSERT_TRUE(absl::StrContains(page, "\n```console\n$ pelagos reml check"));
  ASSERT_TRUE(absl::StrContains(page, "\n```scheme before.reml\n"));
  golden::ExpectGolden(kPage, Renewed(page));
}

TEST(ToolsTest, WhatCannotBePrintedIsAFailure) {
  for (const absl::string_view command : {"doc car", "fmt - < neat.reml", "--help"}) {
    Shell shell;
    shell.AddFile("neat.reml", "(car '(1))\n");
    const std::string line = absl::StrCat("$ pelagos reml ", command, " > /dev/full\n");
    EXPECT_EQ(shell.Run(absl::StrCat(line, "$ echo $?\n")),
              absl::StrCat(line, "pelagos: error: writing standard output did not succeed\n",
                           "$ echo $?\n1\n"));
  }
}

TEST(ToolsTest, PageHasEveryRequestOfTheServer) {
  const std::string section = SectionOf(golden::ReadTestFile(kPage), "reml lsp");
  EXPECT_FALSE(lsp::Features().empty());
  for (const lsp::Feature& feature : lsp::Features()) {
    EXPECT_TRUE(absl::StrContains(section, absl::StrCat("`", feature.method, "`")))
        << feature.method;
  }
}

TEST(ToolsTest, PageHasEveryCommandOfASession) {
  const std::string section = SectionOf(golden::ReadTestFile(kPage), "reml repl");
  EXPECT_FALSE(cli::ReplSession::Commands().empty());
  for (const auto& command : cli::ReplSession::Commands()) {
    const std::string shown = absl::StrCat("\n| `,", command.name, command.usage.empty() ? "" : " ",
                                           command.usage, "` |");
    EXPECT_TRUE(absl::StrContains(section, shown)) << shown;
  }
}

TEST(ToolsTest, PageHasEveryCommandWithItsUsageAndFlags) {
  const std::string page = golden::ReadTestFile(kPage);
  size_t flags = 0;
  for (const cli::Command& command : cli::RemlCommands()) {
    const std::string section = SectionOf(page, command.name);
    ASSERT_FALSE(section.empty()) << "no heading '## " << command.name << "'";
    EXPECT_TRUE(absl::StrContains(
        section, absl::StrCat("\n    pelagos ", command.name, command.usage.empty() ? "" : " ",
                              command.usage, "\n")))
        << command.name << ": its usage is '" << command.usage << "'";
    for (const cli::Flag& flag : command.flags) {
      const std::string value = flag.value.empty() ? "" : absl::StrCat(" ", flag.value);
      std::string shown = absl::StrCat("| `--", flag.name, value, "`");
      if (flag.letter != 0)
        absl::StrAppend(&shown, ", `-", std::string(1, flag.letter), value, "`");
      EXPECT_TRUE(absl::StrContains(section, absl::StrCat("\n", shown, " |")))
          << command.name << " has no row '" << shown << " |'";
      ++flags;
    }
  }
  EXPECT_GE(flags, 7u);
}

}  // namespace
}  // namespace pelagos::docs
