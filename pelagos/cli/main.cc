#include "pelagos/cli/main.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/commands.h"
#include "pelagos/cli/completion.h"
#include "pelagos/cli/completion_names.h"
#include "pelagos/cli/completion_scripts.h"
#include "pelagos/cli/engine/exec.h"
#include "pelagos/cli/global_flags.h"
#include "pelagos/cli/image/image.h"
#include "pelagos/cli/oci/oci.h"
#include "pelagos/cli/run.h"
#include "pelagos/cli/version.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/rootless.h"

namespace pelagos::cli {
namespace {

// Whether `create`, `start`, `kill`, `state` and `delete` are the OCI runtime's: those that people
// type for containers of ours come first.
bool MeansOci(const store::Roots& roots, const std::vector<CommandGroup>& groups,
              const std::vector<std::string>& words) {
  if (!IsTopLevelOci(words[0])) return false;
  if (FindCommand(groups, words).command == nullptr) return true;
  if (words[0] == "create") return NamesBundle(words);
  const std::string id = OciContainerIn(words);
  return !id.empty() && absl::IsNotFound(container::Inventory(roots).Find(id).status());
}

int Dispatch(const std::vector<std::string>& all) {
  const absl::StatusOr<Arguments> parsed = ParseFlags(GlobalFlags(), all, /*options_first=*/true);
  if (!parsed.ok()) return Fail(parsed.status(), kUsage);
  if (parsed->has("version")) {
    std::cout << VersionLine();
    return kDone;
  }
  std::vector<std::string> words = parsed->positionals();
  if (parsed->has("help")) return PrintHelp(CommandGroups(), words);
  if (words.empty()) {
    std::cerr << HelpFor(CommandGroups());
    return kUsage;
  }
  if (words[0] == "oci") return OciCommand({words.begin() + 1, words.end()});
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
  // The commands that must be fast: they do not make the others' rows.
  const size_t at = words.size() > 1 && words[0] == "container" ? 1 : 0;
  if (words[at] == "run") {
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    return cli::RunCommand(RunCommandRow(), context, words);
  }
  if (words[at] == "exec") {
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    return cli::RunCommand(ExecCommandRow(), context, words);
  }
  if (words[0] == kCompleteWord) {
    if (words.size() > 1 && words[1] == "--") words.erase(words.begin());
    std::cout << Complete(CommandGroups(), GlobalFlags(), {words.begin() + 1, words.end()},
                          [&context](Thing thing) { return ListNames(context.roots, thing); });
    return kDone;
  }
  if (words[0] == "reml") std::ios::sync_with_stdio(false);  // these read and write a lot
  const std::vector<CommandGroup> groups = CommandGroups();
  if (MeansOci(context.roots, groups, words)) return OciCommand(words);
  words = Unaliased(std::move(words), groups);
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
  if (const FoundCommand found = FindCommand(groups, words); found.command != nullptr) {
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(found.words));
    return cli::RunCommand(*found.command, context, words);
  }
  // A group without its command, or with --help: its commands.
  const bool asked = words.size() == 2 && (words[1] == "--help" || words[1] == "-h");
  if (words.size() == 1 || asked) {
    const std::string text = HelpFor(groups, words[0]);
    if (!text.empty()) {
      (asked ? std::cout : std::cerr) << text;
      return asked ? kDone : kUsage;
    }
  }
  return FailUnknown(groups, words);
}

}  // namespace

int Main(const std::vector<std::string>& args) {
  const int code = Dispatch(args);
  // What was to be printed and is not, as on a full disk, is a failure.
  if (!std::cout.flush() && code == kDone) return Fail("writing standard output did not succeed");
  return code;
}

}  // namespace pelagos::cli
