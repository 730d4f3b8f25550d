#include "pelagos/cli/main.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pelagos/base/suggest.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/compose.h"
#include "pelagos/cli/engine/lifecycle.h"
#include "pelagos/cli/engine/logs.h"
#include "pelagos/cli/image/image.h"
#include "pelagos/cli/oci/oci.h"
#include "pelagos/cli/reml/commands.h"
#include "pelagos/cli/run.h"
#include "pelagos/cli/system.h"
#include "pelagos/container/rootless.h"

namespace pelagos::cli {
namespace {

constexpr char kVersion[] = "0.1.0";

constexpr Flag kRoot = {"root", 0, "DIR", "where images and volumes live (PELAGOS_ROOT)"};
constexpr Flag kRunRoot = {"run-root", 0, "DIR",
                           "where state of running things lives (PELAGOS_RUN_ROOT)"};

std::vector<Command> Commands() {
  std::vector<Command> commands = ComposeCommands();
  commands.push_back(RunCommandRow());
  for (Command& command : LifecycleCommands()) commands.push_back(std::move(command));
  for (Command& command : LogsCommands()) commands.push_back(std::move(command));
  for (Command& command : SystemCommands()) commands.push_back(std::move(command));
  for (Command& command : RemlCommands()) commands.push_back(std::move(command));
  return commands;
}

std::string Help() {
  std::string text = absl::StrCat(
      "Pelagos runs containers and stacks of them, without a daemon.\n\n"
      "usage: pelagos [--root DIR] [--run-root DIR] COMMAND ...\n\n"
      "Stacks\n");
  const auto add = [&](absl::string_view name, absl::string_view summary) {
    absl::StrAppendFormat(&text, "  %-14s %s\n", std::string(name), std::string(summary));
  };
  for (const Command& command : ComposeCommands()) add(command.name, command.summary);
  absl::StrAppend(&text, "\nContainers\n");
  const Command run = RunCommandRow();
  add(run.name, run.summary);
  for (const Command& command : LifecycleCommands()) add(command.name, command.summary);
  for (const Command& command : LogsCommands()) add(command.name, command.summary);
  add("oci", "The command line of an OCI runtime, as runc's (also: pelagos-oci).");
  absl::StrAppend(&text, "\nImages\n");
  for (const Command& command : ImageCommands()) add(command.name, command.summary);
  for (const Command& command : SystemCommands()) add(command.name, command.summary);
  absl::StrAppend(&text, "\nPrograms\n");
  for (const Command& command : RemlCommands()) add(command.name, command.summary);
  absl::StrAppend(&text,
                  "\n'pelagos COMMAND --help' has the flags and an example.\n\nexample:\n"
                  "  pelagos compose up && pelagos compose ps && pelagos compose down\n");
  return text;
}

int Unknown(absl::string_view words, const std::vector<Command>& commands) {
  std::vector<absl::string_view> names;
  for (const Command& command : ImageCommands()) names.push_back(command.name);
  for (const Command& command : commands) names.push_back(command.name);
  const std::string near = Suggest(words, names);
  return Fail(absl::StrCat("unknown command '", words, "'",
                           near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?"),
                           " (see 'pelagos --help')"),
              kUsage);
}

int Dispatch(const std::vector<std::string>& all) {
  const std::vector<Flag> global = {kRoot, kRunRoot, {"version", 'V', "", "print the version"}};
  const absl::StatusOr<Arguments> parsed = ParseFlags(global, all, /*options_first=*/true);
  if (!parsed.ok()) return Fail(parsed.status(), kUsage);
  if (parsed->has("version")) {
    std::cout << "pelagos " << kVersion << "\n";
    return kDone;
  }
  const std::vector<std::string>& words = parsed->positionals();
  if (parsed->has("help") || (!words.empty() && words[0] == "help")) {
    std::cout << Help();
    return kDone;
  }
  if (words.empty()) {
    std::cerr << Help();
    return kUsage;
  }
  if (words[0] == "oci") return OciCommand({words.begin() + 1, words.end()});
  if (IsTopLevelOci(words[0])) return OciCommand(words);
  Context context{store::Roots::FromEnvironment()};
  if (parsed->has("root")) context.roots.data = parsed->value("root");
  if (parsed->has("run-root")) context.roots.run = parsed->value("run-root");
  // Paths in records and plans are absolute.
  for (std::string* root : {&context.roots.data, &context.roots.run}) {
    if (!absl::StartsWith(*root, "/")) {
      char folder[4096];
      if (::getcwd(folder, sizeof(folder)) == nullptr) return Fail("the working directory is gone");
      *root = absl::StrCat(folder, "/", *root);
    }
  }
  if (words[0] == "image") {
    // Layers of ordinary users have owners that only their user namespace may give and take away.
    constexpr absl::string_view kChanging[] = {"fsck", "load", "import", "prune",
                                               "pull", "rm",   "tag"};
    if (words.size() > 1 && std::count(std::begin(kChanging), std::end(kChanging), words[1]) != 0) {
      const auto entered = container::EnterIfRootless(context.roots);
      if (!entered.ok()) return Fail(entered.status());
    }
    return ImageCommand(context.roots.data, context.roots.run, {words.begin() + 1, words.end()});
  }
  if (words[0] == "run") {  // the one command that must be fast: it does not make the others' rows
    return cli::RunCommand(RunCommandRow(), context, {words.begin() + 1, words.end()});
  }
  if (words[0] == "reml") std::ios::sync_with_stdio(false);  // these read and write a lot
  const std::vector<Command> commands = Commands();
  const std::string two = words.size() > 1 ? absl::StrCat(words[0], " ", words[1]) : words[0];
  for (const Command& command : commands) {
    if (command.name == two && words.size() > 1) {
      return cli::RunCommand(command, context, {words.begin() + 2, words.end()});
    }
    if (command.name == words[0]) {
      return cli::RunCommand(command, context, {words.begin() + 1, words.end()});
    }
  }
  // A group without its command, or with --help: its commands.
  bool group = false;
  for (const Command& command : commands) {
    group = group || absl::StartsWith(command.name, absl::StrCat(words[0], " "));
  }
  if (group && (words.size() == 1 || words[1] == "--help" || words[1] == "-h")) {
    std::string text = absl::StrCat("usage: pelagos ", words[0], " COMMAND ...\n\n");
    absl::string_view example;
    for (const Command& command : commands) {
      if (!absl::StartsWith(command.name, absl::StrCat(words[0], " "))) continue;
      absl::StrAppendFormat(&text, "  %-14s %s\n", std::string(command.name),
                            std::string(command.summary));
      if (example.empty()) example = command.example;
    }
    absl::StrAppend(&text, "\nexample:\n  ", example, "\n");
    (words.size() == 1 ? std::cerr : std::cout) << text;
    return words.size() == 1 ? kUsage : kDone;
  }
  return Unknown(two, commands);
}

}  // namespace

int Main(const std::vector<std::string>& args) {
  const int code = Dispatch(args);
  // What was to be printed and is not, as on a full disk, is a failure.
  if (!std::cout.flush() && code == kDone) return Fail("writing standard output did not succeed");
  return code;
}

}  // namespace pelagos::cli
