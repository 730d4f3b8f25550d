#include "pelagos/cli/engine/each.h"

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/cli/engine/open_engine.h"

namespace pelagos::cli {

int ForEach(const Context& context, const Arguments& args, absl::string_view command,
            const std::function<bool(const container::Found&)>& meant,
            const std::function<absl::Status(container::Engine&, const container::Found&)>& act,
            bool missing_is_fine) {
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
  if (all) {
    const auto list = inventory.List();
    if (!list.ok()) return Fail(list.status());
    for (const container::Found& found : *list) {
      if (meant(found)) act_on(found.name, found);
    }
    return code;
  }
  for (const std::string& name : args.positionals()) {
    const auto found = inventory.Find(name);
    if (found.ok()) {
      act_on(name, *found);
    } else if (!missing_is_fine || !absl::IsNotFound(found.status())) {
      code = Fail(found.status());
    }
  }
  return code;
}

}  // namespace pelagos::cli
