#include "pelagos/cli/engine/volume.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"
#include "pelagos/base/suggest.h"
#include "pelagos/cli/confirm.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/container/rootless.h"
#include "pelagos/policy/name.h"
#include "pelagos/store/container.h"
#include "pelagos/store/volume.h"
#include "pelagos/store/volume_users.h"
#include "pelagos/sys/disk_usage.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Volume;
using Users = std::map<std::string, std::vector<std::string>>;

std::string DataOf(const store::Roots& roots, const std::string& name) {
  return absl::StrCat(roots.Volume(name), "/data");
}

absl::Status CheckName(const std::string& name) {
  const absl::string_view problem = NameProblem(name, kMaxContainerNameLength);
  if (problem.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the volume's name '", name, "' ", problem));
}

// NotFound suggests a name that there is.
absl::StatusOr<Volume> Find(const store::Roots& roots, const std::string& name) {
  PELAGOS_RETURN_IF_ERROR(CheckName(name));
  absl::StatusOr<Volume> volume = store::ReadVolume(roots, name);
  if (!absl::IsNotFound(volume.status())) return volume;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Volume> all, store::ListAllVolumes(roots));
  std::vector<absl::string_view> names;
  for (const Volume& one : all) names.push_back(one.name);
  const std::string near = Suggest(name, names);
  return absl::NotFoundError(absl::StrCat(
      "no volume is named '", name, "'",
      near.empty() ? "; see 'pelagos volume ls'" : absl::StrCat("; did you mean '", near, "'?")));
}

absl::StatusOr<Volume> VolumeFrom(const Arguments& args) {
  Volume volume;
  if (args.positionals().size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", args.positionals()[1], "'"));
  }
  if (const std::string driver = args.value("driver", "local"); driver != "local") {
    return absl::InvalidArgumentError(
        absl::StrCat("--driver: '", driver, "': the only driver is 'local'"));
  }
  if (args.positionals().empty()) {
    PELAGOS_ASSIGN_OR_RETURN(volume.name, store::NewContainerId());
  } else {
    volume.name = args.positionals()[0];
  }
  PELAGOS_RETURN_IF_ERROR(CheckName(volume.name));
  for (const std::string& label : args.values("label")) {
    const size_t equals = label.find('=');
    if (equals == 0 || label.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--label: '", label, "': expected KEY=VALUE"));
    }
    volume.labels[label.substr(0, equals)] =
        equals == std::string::npos ? "" : label.substr(equals + 1);
  }
  return volume;
}

int Create(const Context& context, const Arguments& args) {
  const absl::StatusOr<Volume> volume = VolumeFrom(args);
  if (!volume.ok()) {
    const bool usage = absl::IsInvalidArgument(volume.status());
    return Fail(absl::StrCat("volume create: ", volume.status().message()),
                usage ? kUsage : kFailed);
  }
  if (const auto entered = container::EnterIfRootless(context.roots); !entered.ok()) {
    return Fail(entered.status());
  }
  const absl::StatusOr<bool> made = store::CreateVolume(context.roots, *volume);
  if (!made.ok()) return Fail(made.status());
  if (!*made && !volume->labels.empty()) {
    const absl::StatusOr<Volume> old = store::ReadVolume(context.roots, volume->name);
    if (old.ok() && old->labels != volume->labels) {
      return Fail(absl::StrCat("volume create: '", volume->name,
                               "' exists, with other labels; remove it first, or choose another "
                               "name"));
    }
  }
  std::cout << volume->name << "\n";
  return kDone;
}

Json ToJson(const store::Roots& roots, const Volume& volume, const Users& users) {
  Json labels = Json::object();
  for (const auto& [key, value] : volume.labels) labels[key] = value;
  const auto used = users.find(volume.name);
  Json json = {{"CreatedAt", volume.created},
               {"Driver", "local"},
               {"Labels", std::move(labels)},
               {"Mountpoint", DataOf(roots, volume.name)},
               {"Name", volume.name},
               {"Options", Json::object()},
               {"Scope", "local"}};
  if (!volume.project.empty()) json["Project"] = volume.project;
  json["UsedBy"] = used == users.end() ? std::vector<std::string>() : used->second;
  return json;
}

const std::vector<Column>& Columns() {
  static const std::vector<Column> columns = {{"Driver", "DRIVER"},
                                              {"Name", "VOLUME NAME"},
                                              {"Labels", "LABELS", false},
                                              {"Mountpoint", "MOUNTPOINT", false},
                                              {"CreatedAt", "CREATED AT", false},
                                              {"Project", "PROJECT", false},
                                              {"UsedBy", "USED BY", false},
                                              {"Size", "SIZE", false}};
  return columns;
}

// Whether a filter of names, labels, drivers and use picks it.
bool Fits(const Filters& filters, const Volume& volume, bool used) {
  const auto has = [&](const std::string& wanted) { return HasLabel(volume.labels, wanted); };
  return filters.Any("name",
                     [&](const std::string& part) {
                       return volume.name.find(part) != std::string::npos;
                     }) &&
         filters.Any("driver", [](const std::string& driver) { return driver == "local"; }) &&
         filters.All("label", has) &&
         filters.All("label!", [&](const std::string& wanted) { return !has(wanted); }) &&
         filters.Any("dangling", [&](const std::string& wanted) {
           return (wanted == "true" || wanted == "1") == !used;
         });
}

int List(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("volume ls: unexpected argument '", args.positionals()[0], "'"),
                kUsage);
  }
  absl::StatusOr<Listing> listing = Listing::From(args, Columns(), {.quiet = "Name"});
  if (!listing.ok()) return Fail(absl::StrCat("volume ls: ", listing.status().message()), kUsage);
  const auto filters = Filters::From(args, {"name", "label", "label!", "driver", "dangling"});
  if (!filters.ok()) return Fail(absl::StrCat("volume ls: ", filters.status().message()), kUsage);
  for (const std::string& value : filters->values("dangling")) {
    if (value != "true" && value != "false" && value != "1" && value != "0") {
      return Fail("volume ls: --filter: dangling: expected true or false", kUsage);
    }
  }
  const auto all = store::ListAllVolumes(context.roots);
  if (!all.ok()) return Fail(all.status());
  absl::StatusOr<Users> users = Users();
  if (listing->json() || listing->Shows("UsedBy") || filters->has("dangling")) {
    users = store::FindVolumeUsers(context.roots);
    if (!users.ok()) return Fail(users.status());
  }
  for (const Volume& volume : *all) {
    const auto used = users->find(volume.name);
    if (!Fits(*filters, volume, used != users->end())) continue;
    Row row;
    if (listing->json()) {
      row.json = ToJson(context.roots, volume, *users);
    }
    const std::string size = !listing->json() && listing->Shows("Size")
                                 ? HumanSize(sys::DiskUsage(DataOf(context.roots, volume.name)))
                                 : "";
    row.cells = {"local",
                 volume.name,
                 LabelText(volume.labels),
                 DataOf(context.roots, volume.name),
                 volume.created,
                 volume.project,
                 used == users->end() ? "" : absl::StrJoin(used->second, ", "),
                 size};
    listing->Add(std::move(row));
  }
  std::cout << listing->Text();
  return kDone;
}

int Inspect(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) {
    return Fail("volume inspect: expected the names of volumes", kUsage);
  }
  const absl::StatusOr<Users> users = store::FindVolumeUsers(context.roots);
  if (!users.ok()) return Fail(users.status());
  Json rows = Json::array();
  int code = kDone;
  for (const std::string& name : args.positionals()) {
    const absl::StatusOr<Volume> volume = Find(context.roots, name);
    if (volume.ok()) {
      rows.push_back(ToJson(context.roots, *volume, *users));
    } else {
      code = Fail(volume.status());
    }
  }
  std::cout << rows.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  return code;
}

int Remove(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) return Fail("volume rm: expected the names of volumes", kUsage);
  if (const auto entered = container::EnterIfRootless(context.roots); !entered.ok()) {
    return Fail(entered.status());
  }
  const absl::StatusOr<Users> users = store::FindVolumeUsers(context.roots);
  if (!users.ok()) return Fail(users.status());
  const bool force = args.has("force");
  int code = kDone;
  for (const std::string& name : args.positionals()) {
    const absl::StatusOr<Volume> volume = Find(context.roots, name);
    if (!volume.ok()) {
      // As Docker has it: what is gone is gone.
      if (!force || !absl::IsNotFound(volume.status())) code = Fail(volume.status());
      continue;
    }
    if (const auto used = users->find(name); used != users->end()) {
      code = Fail(absl::StrCat("volume '", name, "' is in use by ",
                               absl::StrJoin(used->second, ", "), "; remove that first"));
      continue;
    }
    const absl::Status removed = store::RemoveVolume(context.roots, name);
    if (removed.ok()) {
      std::cout << name << "\n";
    } else {
      code = Fail(removed);
    }
  }
  return code;
}

int Prune(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("volume prune: unexpected argument '", args.positionals()[0], "'"),
                kUsage);
  }
  const auto filters = Filters::From(args, {"label", "label!"});
  if (!filters.ok()) {
    return Fail(absl::StrCat("volume prune: ", filters.status().message()), kUsage);
  }
  const bool all = args.has("all");
  if (!args.has("force")) {
    const absl::Status confirmed = Confirm(
        absl::StrCat("This removes all ", all ? "" : "anonymous ", "volumes that nothing uses."));
    if (!confirmed.ok()) return Fail(absl::StrCat("volume prune: ", confirmed.message()));
  }
  if (const auto entered = container::EnterIfRootless(context.roots); !entered.ok()) {
    return Fail(entered.status());
  }
  const absl::StatusOr<PrunedVolumes> pruned = PruneVolumes(context.roots, all, *filters);
  if (!pruned.ok()) return Fail(pruned.status());
  if (!pruned->names.empty()) {
    std::cout << "Deleted Volumes:\n" << absl::StrJoin(pruned->names, "\n") << "\n\n";
  }
  std::cout << "Total reclaimed space: " << HumanSize(pruned->bytes) << "\n";
  return kDone;
}

}  // namespace

absl::StatusOr<PrunedVolumes> PruneVolumes(const store::Roots& roots, bool all,
                                           const Filters& filters) {
  PrunedVolumes pruned;
  PELAGOS_ASSIGN_OR_RETURN(const Users users, store::FindVolumeUsers(roots));
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Volume> volumes, store::ListAllVolumes(roots));
  for (const Volume& volume : volumes) {
    if (users.count(volume.name) != 0 || (!all && !volume.anonymous())) continue;
    const auto has = [&](const std::string& wanted) { return HasLabel(volume.labels, wanted); };
    if (!filters.All("label", has) ||
        !filters.All("label!", [&](const std::string& wanted) { return !has(wanted); })) {
      continue;
    }
    const uint64_t bytes = sys::DiskUsage(DataOf(roots, volume.name));
    PELAGOS_RETURN_IF_ERROR(store::RemoveVolume(roots, volume.name));
    pruned.names.push_back(volume.name);
    pruned.bytes += bytes;
  }
  return pruned;
}

std::vector<Command> VolumeCommands() {
  return {
      {"volume create",
       "[--label KEY=VALUE]... [NAME]",
       "Make a volume; one that exists stays as it is. Without NAME it gets a random one.",
       "pelagos volume create --label tier=db data",
       {{"label", 0, "KEY=VALUE", "a label of it; may be repeated"},
        {"driver", 'd', "NAME", "local, the only one"}},
       false,
       Create},
      {"volume ls",
       "[--filter KEY=VALUE]... [-q] [--format FORMAT]",
       "List volumes.",
       "pelagos volume ls --filter dangling=true",
       {{"filter", 'f', "KEY=VALUE",
         "name (a part), label, label!, driver, dangling=true|false: in use or not"},
        kQuietFlag,
        kFormatFlag,
        kJsonFlag},
       false,
       List},
      {"volume inspect",
       "NAME...",
       "Show what is known of volumes, as JSON: labels, where the data is, what uses them.",
       "pelagos volume inspect data",
       {{"format", 0, "json", "the only format"}},
       false,
       Inspect},
      {"volume rm",
       "[--force] NAME...",
       "Remove volumes that nothing uses, with all they hold.",
       "pelagos volume rm data",
       {{"force", 'f', "", "no error where there is no such volume"}},
       false,
       Remove},
      {"volume prune",
       "[--all] [--force] [--filter FILTER]...",
       "Remove the volumes without a name of their own that nothing uses; with --all named ones.",
       "pelagos volume prune --all --filter label!=keep",
       {{"all", 'a', "", "also volumes that were given a name"},
        {"filter", 0, "FILTER", "label=KEY[=VALUE], label!=KEY[=VALUE]; all must fit"},
        {"force", 'f', "", "do not ask"}},
       false,
       Prune},
  };
}

}  // namespace pelagos::cli
