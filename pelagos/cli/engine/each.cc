#include "pelagos/cli/engine/each.h"

#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/cli/engine/open_engine.h"

namespace pelagos::cli {

int ForEach(const Context& context, const Arguments& args, absl::string_view command,
            const std::function<bool(const container::Found&)>& meant,
            const std::function<absl::Status(container::Engine&, const container::Found&)>& act,
            const EachOptions& options) {
  const bool all = args.has("all");
  if (args.positionals().empty() && !all) {
    return Fail(absl::StrCat(command, ": which container? give its name"), kUsage);
  }
  if (all && !args.positionals().empty()) {
    return Fail(absl::StrCat(command, ": --all takes no names"), kUsage);
  }
  auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const container::Inventory inventory = InventoryOf(context);
  int code = kDone;
  const auto act_on = [&](const std::string& name, const container::Found& found) {
    const absl::Status done = act(**engine, found);
    if (done.ok()) {
      std::cout << name << "\n" << std::flush;
    } else {
      code = Fail(done);
    }
  };
  struct Target {
    std::string name;
    std::optional<absl::StatusOr<container::Found>> found;  // unset: to be looked for
  };
  std::vector<Target> targets;
  if (all) {
    const auto list = inventory.List();
    if (!list.ok()) return Fail(list.status());
    for (const container::Found& found : *list) {
      if (meant(found)) targets.push_back({found.name, found});
    }
  }
  const bool together = options.begin != nullptr && args.positionals().size() + targets.size() > 1;
  std::set<std::string> begun;
  for (const std::string& name : args.positionals()) {
    // One that is named twice, or where nothing is begun, is looked for when its turn comes.
    Target target = {name, std::nullopt};
    if (together) target.found = inventory.Find(name);
    if (together && target.found->ok() && !begun.insert((*target.found)->id).second) {
      target.found.reset();
    }
    targets.push_back(std::move(target));
  }
  if (together) {
    for (const Target& target : targets) {
      if (target.found && target.found->ok()) options.begin(**engine, **target.found);
    }
  }
  for (Target& target : targets) {
    if (!target.found) target.found = inventory.Find(target.name);
    const absl::StatusOr<container::Found>& found = *target.found;
    if (found.ok()) {
      act_on(target.name, *found);
    } else if (!options.missing_is_fine || !absl::IsNotFound(found.status())) {
      code = Fail(found.status());
    }
  }
  return code;
}

}  // namespace pelagos::cli
