#include "pelagos/cli/engine/prune.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/confirm.h"
#include "pelagos/cli/engine/open_engine.h"
#include "pelagos/cli/engine/volume.h"
#include "pelagos/cli/network/prune.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/lifecycle.h"
#include "pelagos/image/store.h"
#include "pelagos/store/project.h"
#include "pelagos/store/volume.h"
#include "pelagos/sys/disk_usage.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using container::Found;
using internal::Picks;

// What was removed of one kind.
struct Removed {
  std::string title;  // "Deleted Containers"
  std::vector<std::string> names;
  uint64_t bytes = 0;
};

bool IsOver(const Found& found) {
  return found.kind == container::Kind::kKept &&
         (found.status == container::Status::kCreated ||
          found.status == container::Status::kExited || found.status == container::Status::kLost);
}

absl::StatusOr<Removed> PruneContainers(container::Engine& engine, const Picks& picks) {
  Removed removed = {"Deleted Containers", {}, 0};
  const store::Roots& roots = engine.roots();
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Found> all, container::Inventory(roots).List());
  for (const Found& found : all) {
    if (!IsOver(found)) continue;
    if (!picks(TimeOf(found.record.created), found.record.spec.lifecycle.labels)) continue;
    const uint64_t bytes = sys::DiskUsage(roots.KeptContainer(found.id));
    const absl::Status gone = container::Remove(engine, found, /*force=*/false);
    // Started, or removed, by somebody else meanwhile.
    if (absl::IsFailedPrecondition(gone) || absl::IsNotFound(gone)) continue;
    PELAGOS_RETURN_IF_ERROR(gone);
    removed.names.push_back(found.id);
    removed.bytes += bytes;
  }
  return removed;
}

absl::StatusOr<Removed> PruneImages(const store::Roots& roots, bool all, const Picks& picks) {
  Removed removed = {"Deleted Images", {}, 0};
  PELAGOS_ASSIGN_OR_RETURN(image::Store images, image::Store::Open(roots.data));
  std::function<bool(const image::StoredImage&)> doomed;
  if (all) {
    doomed = [&](const image::StoredImage& image) {
      const nlohmann::json config =
          nlohmann::json::parse(image.config_text.begin(), image.config_text.end(), nullptr,
                                /*allow_exceptions=*/false);
      std::map<std::string, std::string> labels;
      if (config.is_object() && config.contains("config") && config["config"].is_object()) {
        const auto found = config["config"].find("Labels");
        if (found != config["config"].end() && found->is_object()) {
          for (const auto& [key, value] : found->items()) {
            if (value.is_string()) labels[key] = value.get<std::string>();
          }
        }
      }
      const bool dated =
          config.is_object() && config.contains("created") && config["created"].is_string();
      return picks(dated ? TimeOf(config["created"].get<std::string>()) : absl::InfinitePast(),
                   labels);
    };
  }
  PELAGOS_ASSIGN_OR_RETURN(const image::Pruned pruned, images.Prune(doomed));
  removed.names = pruned.images;
  removed.bytes = pruned.bytes;
  return removed;
}

void Print(const std::vector<Removed>& all) {
  uint64_t bytes = 0;
  for (const Removed& removed : all) {
    bytes += removed.bytes;
    if (removed.names.empty()) continue;
    std::cout << removed.title << ":\n" << absl::StrJoin(removed.names, "\n") << "\n\n";
  }
  std::cout << "Total reclaimed space: " << HumanSize(bytes) << "\n";
}

absl::StatusOr<Picks> PicksFrom(const Arguments& args) {
  PELAGOS_ASSIGN_OR_RETURN(const Filters filters,
                           Filters::From(args, {"until", "label", "label!"}));
  return internal::PicksOf(filters, absl::Now());
}

int UsageError(absl::string_view command, const absl::Status& status) {
  return Fail(absl::StrCat(command, ": ", status.message()), kUsage);
}

int PruneStopped(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("prune: unexpected argument '", args.positionals()[0], "'"), kUsage);
  }
  const absl::StatusOr<Picks> picks = PicksFrom(args);
  if (!picks.ok()) return UsageError("prune", picks.status());
  if (!args.has("force")) {
    const absl::Status confirmed = Confirm("This removes all stopped containers.");
    if (!confirmed.ok()) return Fail(absl::StrCat("prune: ", confirmed.message()));
  }
  const auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const absl::StatusOr<Removed> removed = PruneContainers(**engine, *picks);
  if (!removed.ok()) return Fail(removed.status());
  Print({*removed});
  return kDone;
}

std::string WhatSystemPruneRemoves(bool all, bool volumes) {
  std::string text =
      "This removes:\n  - all stopped containers\n  - all networks that nothing uses\n";
  if (volumes) absl::StrAppend(&text, "  - all anonymous volumes that nothing uses\n");
  absl::StrAppend(&text, all ? "  - all images that no container needs\n" : "",
                  "  - what no image needs: layers, blobs, parts of broken transfers");
  return text;
}

absl::StatusOr<std::vector<Removed>> PruneAll(container::Engine& engine, const Arguments& args,
                                              const Picks& picks) {
  std::vector<Removed> all;
  // In this order: what a container needed is free after it.
  PELAGOS_ASSIGN_OR_RETURN(Removed containers, PruneContainers(engine, picks));
  all.push_back(std::move(containers));
  if (!args.has("filter")) {
    Removed networks = {"Deleted Networks", {}, 0};
    PELAGOS_ASSIGN_OR_RETURN(networks.names, PruneNetworks(engine));
    all.push_back(std::move(networks));
  }
  if (args.has("volumes")) {
    PELAGOS_ASSIGN_OR_RETURN(const Filters filters,
                             Filters::From(args, {"until", "label", "label!"}));
    PELAGOS_ASSIGN_OR_RETURN(PrunedVolumes volumes,
                             PruneVolumes(engine.roots(), /*all=*/false, filters));
    all.push_back({"Deleted Volumes", std::move(volumes.names), volumes.bytes});
  }
  PELAGOS_ASSIGN_OR_RETURN(Removed images, PruneImages(engine.roots(), args.has("all"), picks));
  all.push_back(std::move(images));
  return all;
}

int SystemPrune(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("system prune: unexpected argument '", args.positionals()[0], "'"),
                kUsage);
  }
  const absl::StatusOr<Picks> picks = PicksFrom(args);
  if (!picks.ok()) return UsageError("system prune", picks.status());
  if (args.has("volumes") && args.has("filter")) {
    for (const std::string& filter : args.values("filter")) {
      if (!absl::StartsWith(filter, "until=")) continue;
      return Fail("system prune: --filter until: not together with --volumes", kUsage);
    }
  }
  if (!args.has("force")) {
    const absl::Status confirmed =
        Confirm(WhatSystemPruneRemoves(args.has("all"), args.has("volumes")));
    if (!confirmed.ok()) return Fail(absl::StrCat("system prune: ", confirmed.message()));
  }
  const auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const auto removed = PruneAll(**engine, args, *picks);
  if (!removed.ok()) return Fail(removed.status());
  Print(*removed);
  return kDone;
}

// What killed commands may have left, by path.
std::set<std::string> MaybeLeft(const store::Roots& roots) {
  std::set<std::string> paths;
  const auto add = [&](const std::string& folder,
                       const std::function<bool(const std::string&)>& is) {
    const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(folder);
    if (!names.ok()) return;  // there is none
    for (const std::string& name : *names) {
      if (is(name)) paths.insert(absl::StrCat(folder, "/", name));
    }
  };
  const auto any = [](const std::string&) { return true; };
  const auto temporary = [](const std::string& name) { return sys::IsTemporaryName(name); };
  add(roots.Containers(), any);
  add(roots.Volumes(), [](const std::string& name) {
    return absl::StartsWith(name, ".new-") || absl::StartsWith(name, ".gone-");
  });
  add(roots.data + "/images/ingest", any);
  add(roots.data + "/images/refs", temporary);
  add(roots.data + "/images/blobs/sha256", temporary);
  add(roots.run + "/networks", any);
  return paths;
}

int Cleanup(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("cleanup: unexpected argument '", args.positionals()[0], "'"), kUsage);
  }
  const auto entered = container::EnterIfRootless(context.roots);
  if (!entered.ok()) return Fail(entered.status());
  const std::set<std::string> before = MaybeLeft(context.roots);
  const auto engine = container::Engine::Open(context.roots, *entered);
  if (!engine.ok()) return Fail(engine.status());
  int code = kDone;
  const auto check = [&](const absl::Status& status) {
    if (!status.ok()) code = Fail(status);
  };
  check((*engine)->Sweep());
  check(store::SweepVolumes(context.roots));
  if (image::Store::Look(context.roots.data).List().ok()) {
    absl::StatusOr<image::Store> images = image::Store::Open(context.roots.data);
    // Whoever begins to write takes away what others left.
    check(images.ok() ? images->StartIngest().status() : images.status());
  }
  check(PruneNetworks(**engine).status());
  const std::set<std::string> after = MaybeLeft(context.roots);
  size_t count = 0;
  for (const std::string& path : before) {
    if (after.count(path) != 0) continue;
    std::cout << "  removed " << path << "\n";
    ++count;
  }
  if (count == 0) {
    std::cout << "No stale resources found.\n";
  } else {
    std::cout << "Cleaned " << count << " stale resource(s).\n";
  }
  return code;
}

}  // namespace

namespace internal {

absl::StatusOr<Picks> PicksOf(const Filters& filters, absl::Time now) {
  absl::Time until = absl::InfiniteFuture();
  for (const std::string& value : filters.values("until")) {
    absl::Time time;
    absl::Duration age;
    std::string error;
    if (absl::ParseDuration(value, &age) && age > absl::ZeroDuration()) {
      time = now - age;
    } else if (!absl::ParseTime(absl::RFC3339_full, value, &time, &error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--filter: 'until=", value,
                       "': expected an age as 24h, or a time as 2026-01-31T00:00:00Z"));
    }
    until = std::min(until, time);
  }
  const bool dated = filters.has("until");
  return Picks([filters, until, dated](absl::Time created,
                                       const std::map<std::string, std::string>& labels) {
    const auto has = [&](const std::string& wanted) { return HasLabel(labels, wanted); };
    // What does not say when it was made is not older than anything.
    if (dated && (created == absl::InfinitePast() || created >= until)) return false;
    return filters.All("label", has) &&
           filters.All("label!", [&](const std::string& wanted) { return !has(wanted); });
  });
}

}  // namespace internal

std::vector<Command> PruneCommands() {
  const Flag filter = {
      "filter", 0, "FILTER",
      "until=AGE, until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]; all must fit"};
  const Flag force = {"force", 'f', "", "do not ask"};
  std::vector<Command> commands;
  commands.push_back({"prune",
                      "[--force] [--filter FILTER]...",
                      "Remove all stopped containers, with what they have written.",
                      "pelagos prune --filter until=24h",
                      {filter, force},
                      false,
                      PruneStopped});
  commands.push_back({"system prune",
                      "[--all] [--volumes] [--force] [--filter FILTER]...",
                      "Remove what nothing uses: stopped containers, networks, parts of images.",
                      "pelagos system prune --all --filter until=240h",
                      {{"all", 'a', "", "also images that no container needs"},
                       {"volumes", 0, "", "also anonymous volumes"},
                       filter,
                       force},
                      false,
                      SystemPrune});
  commands.push_back({"cleanup",
                      "",
                      "Remove what killed commands left; each command that starts something does "
                      "so too.",
                      "pelagos cleanup",
                      {},
                      false,
                      Cleanup});
  return commands;
}

}  // namespace pelagos::cli
