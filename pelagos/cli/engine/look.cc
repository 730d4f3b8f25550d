#include "pelagos/cli/engine/look.h"

#include <unistd.h>

#include <string>
#include <vector>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/caller.h"
#include "pelagos/cli/container_flags.h"
#include "pelagos/cli/global_flags.h"

namespace pelagos::cli {
namespace {

absl::StatusOr<std::string> FolderBehind(const std::string& link) {
  char path[4096];
  const ssize_t size = ::readlink(link.c_str(), path, sizeof(path));
  if (size < 0) return ErrnoStatus(errno, "readlink", link);
  return std::string(path, static_cast<size_t>(size));
}

absl::StatusOr<store::ContainerRecord> ReadForeground(const std::vector<std::string>& arguments,
                                                      const std::vector<std::string>& environment,
                                                      const std::string& folder) {
  if (arguments.empty()) return absl::NotFoundError("no arguments");
  PELAGOS_ASSIGN_OR_RETURN(
      const Arguments global,
      ParseFlags(GlobalFlags(), {arguments.begin() + 1, arguments.end()}, /*options_first=*/true));
  const std::vector<std::string>& words = global.positionals();
  if (words.empty() || words[0] != "run") {
    return absl::NotFoundError("another command, or another program");
  }
  PELAGOS_ASSIGN_OR_RETURN(const Arguments args,
                           ParseFlags(RunFlags(), {words.begin() + 1, words.end()}, true));
  Caller caller;
  caller.environment = &environment;
  PELAGOS_ASSIGN_OR_RETURN(caller.folder, FolderBehind(folder));
  store::ContainerRecord record;
  PELAGOS_ASSIGN_OR_RETURN(record.spec, SpecFrom(args, 0, caller));
  if (!args.has("name")) record.spec.name.clear();
  return record;
}

}  // namespace

container::Inventory InventoryOf(const Context& context) {
  return container::Inventory(context.roots, ReadForeground);
}

}  // namespace pelagos::cli
