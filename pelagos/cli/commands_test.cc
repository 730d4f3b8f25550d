#include "pelagos/cli/commands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/cli/oci/oci.h"

namespace pelagos::cli {
namespace {

using Words = std::vector<std::string>;

// The command lines of a shell's line: words with their quotes taken away.
std::vector<Words> ShellWords(absl::string_view line) {
  std::vector<Words> commands(1);
  std::string word;
  bool inside = false;  // of a word, perhaps an empty one
  char quote = 0;
  const auto end = [&] {
    if (!inside) return;
    if (word == "|" || word == "&&" || word == ";") {
      commands.emplace_back();
    } else {
      commands.back().push_back(word);
    }
    word.clear();
    inside = false;
  };
  for (char c : line) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      inside = true;
    } else if (c == ' ') {
      end();
    } else {
      word += c;
      inside = true;
    }
  }
  EXPECT_EQ(quote, 0) << line;
  end();
  return commands;
}

template <typename Use>
void ForEach(Use use) {
  for (const CommandGroup& group : CommandGroups()) {
    for (const Command& command : group.commands) use(command);
  }
}

TEST(CommandsTest, EveryCommandIsExplained) {
  std::set<std::string> names;
  ForEach([&](const Command& command) {
    SCOPED_TRACE(command.name);
    EXPECT_TRUE(names.insert(std::string(command.name)).second);
    EXPECT_TRUE(absl::EndsWith(command.summary, ".")) << command.summary;
    EXPECT_TRUE(absl::ascii_isupper(command.summary[0])) << command.summary;
    EXPECT_FALSE(absl::StrContains(command.summary, '\n'));
    EXPECT_TRUE(command.run != nullptr);
    EXPECT_LE(std::count(command.name.begin(), command.name.end(), ' '), 1);
  });
  EXPECT_GT(names.size(), 25u);
}

TEST(CommandsTest, FlagsAreSpelledOnce) {
  ForEach([](const Command& command) {
    SCOPED_TRACE(command.name);
    std::set<std::string> flags = {"help"}, letters;
    for (const Flag& flag : command.flags) {
      EXPECT_TRUE(flags.insert(std::string(flag.name)).second) << flag.name;
      const std::string letter(1, flag.letter);
      EXPECT_TRUE(flag.letter == 0 || letters.insert(letter).second) << letter;
      EXPECT_FALSE(flag.help.empty()) << flag.name;
    }
  });
}

// The example is a line for a shell, and what it calls of ours is spelled right.
TEST(CommandsTest, ExamplesParse) {
  const std::vector<CommandGroup> groups = CommandGroups();
  ForEach([&](const Command& command) {
    SCOPED_TRACE(command.example);
    bool shown = false;
    for (Words words : ShellWords(command.example)) {
      if (words.empty() || words[0] != "pelagos") continue;
      words.erase(words.begin());
      const FoundCommand found = FindCommand(groups, Unaliased(words, groups));
      ASSERT_NE(found.command, nullptr);
      shown = shown || found.command->name == command.name;
      words = Unaliased(words, groups);
      words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(found.words));
      const auto parsed = ParseFlags(found.command->flags, words, found.command->options_first);
      EXPECT_TRUE(parsed.ok()) << parsed.status();
    }
    EXPECT_TRUE(shown) << "not of " << command.name;
  });
}

TEST(CommandsTest, AliasesMeanCommandsAndHideNone) {
  const std::vector<CommandGroup> groups = CommandGroups();
  std::set<std::string> names;
  for (const Alias& alias : Aliases()) {
    SCOPED_TRACE(alias.name);
    EXPECT_TRUE(names.insert(std::string(alias.name)).second);
    const Words name = absl::StrSplit(alias.name, ' '),
                meaning = absl::StrSplit(alias.meaning, ' ');
    const FoundCommand found = FindCommand(groups, meaning);
    ASSERT_NE(found.command, nullptr);
    const Words rest(meaning.begin() + static_cast<std::ptrdiff_t>(found.words), meaning.end());
    EXPECT_TRUE(ParseFlags(found.command->flags, rest, false).ok());
    ForEach([&](const Command& command) { EXPECT_NE(command.name, alias.name); });
    Words all = name, expected = meaning;
    all.push_back("x");
    expected.push_back("x");
    EXPECT_EQ(Unaliased(all, groups), expected);
  }
}

TEST(CommandsTest, CommandsOfContainersAreAGroupToo) {
  const std::vector<CommandGroup> groups = CommandGroups();
  EXPECT_EQ(Unaliased({"container", "run", "x"}, groups), (Words{"run", "x"}));
  EXPECT_EQ(Unaliased({"container", "compose", "up"}, groups),
            (Words{"container", "compose", "up"}));
  EXPECT_EQ(Unaliased({"container"}, groups), Words{"container"});
  EXPECT_EQ(Unaliased({}, groups), Words{});
  EXPECT_EQ(FindCommand(groups, {"container", "run"}).command, nullptr);
  EXPECT_EQ(FindCommand(groups, {"compose", "up", "x"}).words, 2u);
  EXPECT_EQ(FindCommand(groups, {"run", "x"}).words, 1u);
}

TEST(HelpTest, HasEveryCommandUnderItsGroup) {
  const std::string help = HelpFor(CommandGroups());
  ForEach([&](const Command& command) {
    EXPECT_TRUE(absl::StrContains(help, absl::StrCat("\n  ", command.name, " "))) << command.name;
  });
  EXPECT_LT(help.find("\nRun and manage containers\n"), help.find("\nImages\n"));
  EXPECT_LT(help.find("\nImages\n"), help.find("\nSystem\n"));
  const size_t images = help.find("\nImages\n");
  const std::string section = help.substr(images, help.find("\n\n", images + 1) - images);
  EXPECT_TRUE(absl::StrContains(section, "\n  also: pull push login ")) << section;
}

TEST(HelpTest, OfAGroupAndOfContainers) {
  const std::vector<CommandGroup> groups = CommandGroups();
  EXPECT_TRUE(absl::StrContains(HelpFor(groups, "compose"), "\n  compose up "));
  EXPECT_TRUE(absl::StrContains(HelpFor(groups, "container"), "\n  container run "));
  EXPECT_EQ(HelpFor(groups, "run"), "");
  EXPECT_EQ(HelpFor(groups, "nothing"), "");
}

std::string Unknown(const Words& words) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(FailUnknown(CommandGroups(), words), kUsage);
  return testing::internal::GetCapturedStderr();
}

TEST(UnknownTest, SuggestsWhatIsMeant) {
  EXPECT_EQ(Unknown({"compsoe", "up"}),
            "pelagos: error: unknown command 'compsoe' (see 'pelagos --help')\n");
  EXPECT_EQ(
      Unknown({"compose", "pu"}),
      "pelagos: error: unknown command 'compose pu'; did you mean 'compose up'? (see 'pelagos "
      "compose --help')\n");
  EXPECT_EQ(Unknown({"imagse"}),
            "pelagos: error: unknown command 'imagse'; did you mean 'images'? (see 'pelagos "
            "--help')\n");
  EXPECT_EQ(Unknown({"rnu", "-it"}),
            "pelagos: error: unknown command 'rnu'; did you mean 'run'? (see 'pelagos --help')\n");
}

TEST(OciWordsTest, ABundleTellsCreatesApart) {
  for (const Words& words :
       {Words{"create", "--bundle", "b", "id"}, Words{"create", "id", "--bundle=b"},
        Words{"create", "id", "-b", "b"}, Words{"create", "-bb", "id"},
        Words{"create", "--pid-file", "f", "--console-socket", "s", "-b", "b", "id"},
        Words{"create", "-bundle", "b", "id"}}) {
    EXPECT_TRUE(NamesBundle(words)) << testing::PrintToString(words);
  }
  for (const Words& words :
       {Words{"create"}, Words{"create", "busybox"}, Words{"create", "busybox", "sh", "-b"},
        Words{"create", "--name", "x", "busybox", "-b"}, Words{"create", "--", "-b"},
        Words{"create", "busybox", "true", "--bundle", "x"}}) {
    EXPECT_FALSE(NamesBundle(words)) << testing::PrintToString(words);
  }
}

}  // namespace
}  // namespace pelagos::cli
