#include "pelagos/cli/completion.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace pelagos::cli {
namespace {

using Words = std::vector<std::string>;

// A small program: what is completed follows from its rows alone.
std::vector<CommandGroup> Groups() {
  const Flag file = {"file", 'f', "FILE", "the file"}, all = {"all", 'a', "", "all of them"};
  const Flag format = {"format", 0, "FORMAT", "how"}, folder = {"into", 0, "DIR", "where"};
  const auto row = [](absl::string_view name, absl::string_view usage, std::vector<Flag> flags,
                      bool options_first = false) {
    return Command{name, usage, "What it does.", "pelagos x", std::move(flags), options_first, {}};
  };
  return {{"Containers",
           true,
           {row("run", "[FLAGS] IMAGE [COMMAND [ARG...]]", {file, all}, true),
            row("start", "NAME...", {all}), row("stop", "[FLAGS] NAME...", {}),
            row("stats", "[NAME...]", {}), row("rename", "NAME NEW", {}),
            row("cp", "NAME:PATH|PATH NAME:PATH|PATH", {})}},
          {"Images",
           false,
           {row("image ls", "[FLAGS]", {format}), row("image rm", "[--force] REF...", {}),
            row("image load", "[-f FILE | FILE | -]", {file})}},
          {"Volumes", false, {row("volume rm", "NAME...", {})}},
          {"System", false, {row("completion", "bash|zsh|fish", {folder})}}};
}

std::vector<std::string> Names(Thing thing) {
  switch (thing) {
    case Thing::kContainers:
      return {"web", "worker", "old"};
    case Thing::kRunning:
      return {"web", "worker"};
    case Thing::kImages:
      return {"busybox:latest", "redis:7"};
    case Thing::kVolumes:
      return {"data"};
    case Thing::kRootfs:
    case Thing::kNetworks:
      break;
  }
  return {};
}

Words Lines(const Words& words) {
  const std::vector<Flag> global = {{"root", 0, "DIR", "where"}, {"version", 'V', "", "print it"}};
  const std::string text = Complete(Groups(), global, words, Names);
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

// Without the help behind each.
Words Of(const Words& words) {
  Words found;
  for (const std::string& line : Lines(words)) found.push_back(line.substr(0, line.find('\t')));
  return found;
}

TEST(CompleteTest, Commands) {
  EXPECT_EQ(Of({"st"}), (Words{"start", "stop", "stats"}));
  EXPECT_EQ(Lines({"star"}), (Words{"start\tWhat it does."}));
  EXPECT_EQ(Of({"im"}), (Words{"image", "images", "import"}));
  EXPECT_EQ(Of({"image", ""}), (Words{"ls", "rm", "load", "list", "remove"}));
  EXPECT_EQ(Of({"container", "st"}), (Words{"start", "stop", "stats"}));
  EXPECT_EQ(Of({"help", "sto"}), (Words{"stop"}));
  EXPECT_EQ(Of({"--root", "/x", "star"}), (Words{"start"}));
  EXPECT_EQ(Of({"--ver"}), (Words{"--version"}));
  EXPECT_EQ(Of({"nothing", "of", ""}), Words{});
}

TEST(CompleteTest, Flags) {
  EXPECT_EQ(Of({"run", "--"}), (Words{"--file", "--all", "--help"}));
  EXPECT_EQ(Lines({"run", "--a"}), (Words{"--all\tall of them"}));
  EXPECT_EQ(Of({"run", "-"}), (Words{"--file", "--all", "--help", "-f", "-a", "-h"}));
  EXPECT_EQ(Of({"images", "--f"}), (Words{"--format"}));
  EXPECT_EQ(Of({"run", "busybox", "-"}), (Words{":files"}));
  EXPECT_EQ(Of({"start", "--", "-"}), Words{});
}

TEST(CompleteTest, ValuesOfFlags) {
  EXPECT_EQ(Of({"image", "ls", "--format", ""}), (Words{"table", "json"}));
  EXPECT_EQ(Of({"image", "ls", "--format=j"}), (Words{"--format=json"}));
  EXPECT_EQ(Of({"run", "--file", "x"}), (Words{":files"}));
  EXPECT_EQ(Of({"run", "-af", ""}), (Words{":files"}));
  EXPECT_EQ(Of({"completion", "--into", ""}), (Words{":folders"}));
  EXPECT_EQ(Of({"run", "--all=t"}), Words{});
  EXPECT_EQ(Of({"--root", ""}), (Words{":folders"}));
}

TEST(CompleteTest, NamesByTheirPlace) {
  EXPECT_EQ(Of({"start", "w"}), (Words{"web", "worker"}));
  EXPECT_EQ(Of({"start", "web", "o"}), (Words{"old"}));
  EXPECT_EQ(Of({"container", "start", "o"}), (Words{"old"}));
  EXPECT_EQ(Of({"stop", ""}), (Words{"web", "worker"}));
  EXPECT_EQ(Of({"rename", "old", ""}), Words{});
  EXPECT_EQ(Of({"run", "--all", "b"}), (Words{"busybox:latest"}));
  EXPECT_EQ(Of({"run", "-f", "x", "redis:"}), (Words{"redis:7"}));
  EXPECT_EQ(Of({"run", "busybox", ""}), (Words{":files"}));
  EXPECT_EQ(Of({"rmi", ""}), (Words{"busybox:latest", "redis:7"}));
  EXPECT_EQ(Of({"image", "load", ""}), (Words{":files"}));
  EXPECT_EQ(Of({"image", "ls", ""}), Words{});
  EXPECT_EQ(Of({"volume", "rm", ""}), (Words{"data"}));
  EXPECT_EQ(Of({"cp", "w"}), (Words{"web:", "worker:", ":files"}));
  EXPECT_EQ(Of({"completion", "z"}), (Words{"zsh"}));
  EXPECT_EQ(Of({}).size(), Of({""}).size());
}

// Whatever was typed so far, of the program itself.
TEST(CompleteTest, TakesAllThatIsTyped) {
  const std::vector<CommandGroup> groups = CommandGroups();
  for (const CommandGroup& group : groups) {
    for (const Command& command : group.commands) {
      SCOPED_TRACE(command.name);
      Words words = absl::StrSplit(command.name, ' ');
      Words all = words;
      const std::string last = words.back();
      EXPECT_TRUE(absl::StrContains(Complete(groups, {}, words, Names), last));
      for (const char* current : {"", "-", "--", "--help", "=", "--x=", "x"}) {
        words.push_back(current);
        Complete(groups, {}, words, Names);
      }
      all.push_back("--");
      const std::string flags = Complete(groups, {}, all, Names);
      for (const Flag& flag : command.flags) {
        EXPECT_TRUE(absl::StrContains(flags, absl::StrCat("--", flag.name, "\t"))) << flags;
      }
    }
  }
}

}  // namespace
}  // namespace pelagos::cli
