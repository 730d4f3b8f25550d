#include "pelagos/cli/commands.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/suggest.h"
#include "pelagos/cli/completion_scripts.h"
#include "pelagos/cli/compose.h"
#include "pelagos/cli/engine/attach.h"
#include "pelagos/cli/engine/copy.h"
#include "pelagos/cli/engine/exec.h"
#include "pelagos/cli/engine/healthcheck.h"
#include "pelagos/cli/engine/info.h"
#include "pelagos/cli/engine/inspect.h"
#include "pelagos/cli/engine/layer.h"
#include "pelagos/cli/engine/lifecycle.h"
#include "pelagos/cli/engine/observe.h"
#include "pelagos/cli/engine/port.h"
#include "pelagos/cli/engine/prune.h"
#include "pelagos/cli/engine/ps.h"
#include "pelagos/cli/engine/rootfs.h"
#include "pelagos/cli/engine/volume.h"
#include "pelagos/cli/image/image.h"
#include "pelagos/cli/network/network.h"
#include "pelagos/cli/oci/oci.h"
#include "pelagos/cli/reml/commands.h"
#include "pelagos/cli/run.h"
#include "pelagos/cli/system.h"
#include "pelagos/cli/version.h"

namespace pelagos::cli {
namespace {

std::vector<Command> RunCommands() { return {RunCommandRow(), CreateCommandRow()}; }
std::vector<Command> ExecCommands() {
  return {ExecCommandRow(), AttachCommandRow(), HealthcheckRunRow()};
}

// Its flags are its own business (oci/oci.h), and before its words: it never gets as far as this.
std::vector<Command> OciCommands() {
  return {{.name = "oci",
           .usage = "[FLAGS] COMMAND ...",
           .summary = "The command line of an OCI runtime, as runc's (also: pelagos-oci).",
           .example = "pelagos oci list",
           .flags = {},
           .options_first = true,
           .run = [](const Context&, const Arguments& args) {
             return OciCommand(args.positionals());
           }}};
}

std::vector<Command> HelpCommands() {
  return {
      {.name = "help",
       .usage = "[COMMAND]",
       .summary = "Print what there is, or how a command is used.",
       .example = "pelagos help compose up",
       .flags = {},
       .options_first = true,
       .run = [](const Context&,
                 const Arguments& args) { return PrintHelp(CommandGroups(), args.positionals()); }},
      {.name = "version",
       .usage = "",
       .summary = "Print which Pelagos this is.",
       .example = "pelagos version",
       .flags = {},
       .run = [](const Context&, const Arguments& args) {
         if (!args.positionals().empty()) return Fail("version takes no words", kUsage);
         std::cout << VersionLine();
         return kDone;
       }}};
}

std::vector<Command> GenerateCommands() {
  return {{.name = "generate completion",
           .usage = "bash|zsh|fish",
           .summary = "Print what lets a shell complete our commands, flags and names.",
           .example = "pelagos generate completion bash",
           .flags = {},
           .run = [](const Context&, const Arguments& args) {
             const std::vector<absl::string_view>& shells = CompletionShells();
             const std::vector<std::string>& words = args.positionals();
             if (words.size() != 1 || std::count(shells.begin(), shells.end(), words[0]) == 0) {
               return Fail("generate completion: expected bash, zsh or fish", kUsage);
             }
             std::cout << CompletionScript(words[0]);
             return kDone;
           }}};
}

struct Title {
  absl::string_view text;
  bool containers = false;
};
constexpr Title kManage = {"Run and manage containers", true};
constexpr Title kLook = {"Look", true};
constexpr Title kFiles = {"Files", true};
constexpr Title kImages = {"Images"};
constexpr Title kVolumes = {"Volumes"};
constexpr Title kNetworks = {"Networks"};
constexpr Title kStacks = {"Stacks"};
constexpr Title kPrograms = {"Programs"};
constexpr Title kSystem = {"System"};
constexpr const Title* kTitles[] = {&kManage,   &kLook,   &kFiles,    &kImages, &kVolumes,
                                    &kNetworks, &kStacks, &kPrograms, &kSystem};

struct Family {
  const Title* title;
  std::vector<Command> (*commands)();
};

// A line for each family of commands, in the order of the help.
// clang-format off
constexpr Family kFamilies[] = {
    {&kManage, RunCommands},
    {&kManage, LifecycleCommands},
    {&kManage, ExecCommands},
    {&kManage, PruneCommands},
    {&kLook, PsCommands},
    {&kLook, InspectCommands},
    {&kLook, ObserveCommands},
    {&kLook, PortCommands},
    {&kFiles, CopyCommands},
    {&kFiles, LayerCommands},
    {&kImages, ImageCommands},
    {&kVolumes, VolumeCommands},
    {&kVolumes, RootfsCommands},
    {&kNetworks, NetworkCommands},
    {&kStacks, ComposeCommands},
    {&kPrograms, RemlCommands},
    {&kSystem, SystemCommands},
    {&kSystem, InfoCommands},
    {&kSystem, OciCommands},
    {&kSystem, GenerateCommands},
    {&kSystem, HelpCommands},
};
// clang-format on

void AddLine(std::string& text, absl::string_view name, absl::string_view summary) {
  absl::StrAppendFormat(&text, "  %-20s %s\n", name, summary);
}

}  // namespace

std::vector<CommandGroup> CommandGroups() {
  std::vector<CommandGroup> groups;
  for (const Title* title : kTitles) {
    CommandGroup group = {title->text, title->containers, {}};
    for (const Family& family : kFamilies) {
      if (family.title != title) continue;
      for (Command& command : family.commands()) group.commands.push_back(std::move(command));
    }
    if (!group.commands.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

const std::vector<Alias>& Aliases() {
  static const std::vector<Alias>& aliases = *new std::vector<Alias>{
      {"container ls", "ps"},         {"container list", "ps"},
      {"container remove", "rm"},     {"container inspect", "inspect --type container"},
      {"images", "image ls"},         {"image list", "image ls"},
      {"image remove", "image rm"},   {"rmi", "image rm"},
      {"pull", "image pull"},         {"push", "image push"},
      {"login", "image login"},       {"logout", "image logout"},
      {"tag", "image tag"},           {"load", "image load"},
      {"save", "image save"},         {"import", "image import"},
      {"history", "image history"},   {"info", "system info"},
      {"volume list", "volume ls"},   {"volume remove", "volume rm"},
      {"network list", "network ls"}, {"network remove", "network rm"},
      {"rootfs list", "rootfs ls"},   {"rootfs remove", "rootfs rm"},
  };
  return aliases;
}

std::vector<std::string> Unaliased(std::vector<std::string> words,
                                   const std::vector<CommandGroup>& groups) {
  const std::string two = words.size() > 1 ? absl::StrCat(words[0], " ", words[1]) : "";
  for (const Alias& alias : Aliases()) {
    if (words.empty() || (alias.name != words[0] && alias.name != two)) continue;
    const auto taken = alias.name == two ? 2 : 1;
    std::vector<std::string> meaning = absl::StrSplit(alias.meaning, ' ');
    meaning.insert(meaning.end(), words.begin() + taken, words.end());
    return meaning;
  }
  if (words.size() > 1 && words[0] == "container") {
    for (const CommandGroup& group : groups) {
      if (group.containers &&
          std::any_of(group.commands.begin(), group.commands.end(),
                      [&words](const Command& command) { return command.name == words[1]; })) {
        words.erase(words.begin());
        break;
      }
    }
  }
  return words;
}

FoundCommand FindCommand(const std::vector<CommandGroup>& groups,
                         const std::vector<std::string>& words) {
  if (words.empty()) return {};
  const std::string two = words.size() > 1 ? absl::StrCat(words[0], " ", words[1]) : "";
  for (const CommandGroup& group : groups) {
    for (const Command& command : group.commands) {
      if (command.name == two) return {&command, 2};
      if (command.name == words[0]) return {&command, 1};
    }
  }
  return {};
}

std::string HelpFor(const std::vector<CommandGroup>& groups) {
  std::string text =
      "Pelagos runs containers and stacks of them, without a daemon.\n\n"
      "usage: pelagos [--root DIR] [--run-root DIR] COMMAND ...\n";
  for (const CommandGroup& group : groups) {
    absl::StrAppend(&text, "\n", group.title, "\n");
    std::vector<absl::string_view> others;
    for (const Command& command : group.commands) {
      AddLine(text, command.name, command.summary);
      for (const Alias& alias : Aliases()) {
        if (alias.meaning == command.name && !absl::StrContains(alias.name, ' ')) {
          others.push_back(alias.name);
        }
      }
    }
    if (!others.empty()) absl::StrAppend(&text, "  also: ", absl::StrJoin(others, " "), "\n");
  }
  absl::StrAppend(&text,
                  "\nThe commands of containers are there as 'pelagos container COMMAND' too.\n"
                  "'pelagos COMMAND --help' has the flags and an example.\n\nexample:\n"
                  "  pelagos compose up && pelagos compose ps && pelagos compose down\n");
  return text;
}

std::string HelpFor(const std::vector<CommandGroup>& groups, absl::string_view first_word) {
  std::string text = absl::StrCat("usage: pelagos ", first_word, " COMMAND ...\n\n");
  absl::string_view example;
  for (const CommandGroup& group : groups) {
    for (const Command& command : group.commands) {
      const bool inside = first_word == "container" && group.containers;
      if (!inside && !absl::StartsWith(command.name, absl::StrCat(first_word, " "))) continue;
      AddLine(text, inside ? absl::StrCat("container ", command.name) : std::string(command.name),
              command.summary);
      if (example.empty()) example = command.example;
    }
  }
  return example.empty() ? "" : absl::StrCat(text, "\nexample:\n  ", example, "\n");
}

int PrintHelp(const std::vector<CommandGroup>& groups, std::vector<std::string> words) {
  if (words.empty()) {
    std::cout << HelpFor(groups);
    return kDone;
  }
  words = Unaliased(std::move(words), groups);
  if (const FoundCommand found = FindCommand(groups, words); found.command != nullptr) {
    std::cout << HelpFor(*found.command);
    return kDone;
  }
  if (words.size() == 1 && IsTopLevelOci(words[0])) return OciCommand({"help", words[0]});
  const std::string text = words.size() == 1 ? HelpFor(groups, words[0]) : "";
  if (text.empty()) return FailUnknown(groups, words);
  std::cout << text;
  return kDone;
}

int FailUnknown(const std::vector<CommandGroup>& groups, const std::vector<std::string>& words) {
  const bool second =
      words.size() > 1 && !absl::StartsWith(words[1], "-") && !HelpFor(groups, words[0]).empty();
  const std::string name = second ? absl::StrCat(words[0], " ", words[1]) : words[0];
  std::vector<std::string> names;
  for (const CommandGroup& group : groups) {
    for (const Command& command : group.commands) {
      names.emplace_back(command.name);
      if (group.containers) names.push_back(absl::StrCat("container ", command.name));
    }
  }
  for (const Alias& alias : Aliases()) names.emplace_back(alias.name);
  const std::string near = Suggest(name, names);
  return Fail(
      absl::StrCat("unknown command '", name, "'",
                   near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?"),
                   " (see 'pelagos ", second ? absl::StrCat(words[0], " ") : "", "--help')"),
      kUsage);
}

}  // namespace pelagos::cli
