#include "pelagos/cli/engine/ps.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "pelagos/base/display_width.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/cli/engine/ps_filter.h"
#include "pelagos/cli/engine/shown.h"
#include "pelagos/cli/listing.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/plan/environment.h"

namespace pelagos::cli {
namespace {

using container::Found;
using Json = nlohmann::ordered_json;

constexpr size_t kCommandWidth = 20;

std::vector<Column> Columns(bool sizes) {
  return {{"ID", "CONTAINER ID"},
          {"Image", "IMAGE"},
          {"Command", "COMMAND"},
          {"RunningFor", "CREATED"},
          {"Status", "STATUS"},
          {"Ports", "PORTS"},
          {"Names", "NAMES"},
          {"Size", "SIZE", sizes},
          {"CreatedAt", "CREATED AT", false},
          {"State", "STATE", false},
          {"Health", "HEALTH", false},
          {"ExitCode", "EXIT CODE", false},
          {"Pid", "PID", false},
          {"Labels", "LABELS", false},
          {"Mounts", "MOUNTS", false},
          {"LocalVolumes", "LOCAL VOLUMES", false},
          {"Networks", "NETWORKS", false},
          {"Project", "PROJECT", false},
          {"Service", "SERVICE", false}};
}

std::vector<std::string> MountNames(const Found& found) {
  std::vector<std::string> names;
  for (const Mount& mount : found.record.spec.mounts.mounts()) {
    if (mount.kind != MountKind::kTmpfs) names.push_back(mount.source);
  }
  return names;
}

size_t CountVolumes(const Found& found) {
  size_t count = 0;
  for (const Mount& mount : found.record.spec.mounts.mounts()) {
    count += mount.kind == MountKind::kVolume ? 1 : 0;
  }
  return count;
}

class Shower {
 public:
  Shower(const Listing& listing, absl::Time now, SizeOf size_of)
      : listing_(listing), now_(now), size_of_(std::move(size_of)) {}

  Row RowOf(const Found& found) const {
    const bool whole = listing_.whole();
    std::string command = CommandText(found);
    if (!whole) command = Ellipsis(Printable(command), kCommandWidth);
    Row row;
    row.cells = {whole ? found.id : ShortId(found.id),
                 ImageText(found),
                 found.has_record ? absl::StrCat("\"", command, "\"") : "",
                 Ago(TimeOf(found.record.created), now_),
                 StatusText(found, now_),
                 PortsText(found),
                 found.name,
                 listing_.Shows("Size") ? SizeText(found) : "",
                 DateText(found.record.created),
                 std::string(container::NameOf(found.status)),
                 found.health,
                 HasExitCode(found) ? absl::StrCat(found.state.exit_code) : "",
                 absl::StrCat(found.running() ? found.state.init.pid : 0),
                 LabelText(found.record.spec.lifecycle.labels),
                 absl::StrJoin(MountNames(found), ","),
                 absl::StrCat(CountVolumes(found)),
                 absl::StrJoin(NetworkNames(found), ","),
                 found.project,
                 found.service};
    return row;
  }

 private:
  std::string SizeText(const Found& found) const {
    const ContainerSize size = size_of_(found);
    return absl::StrCat(HumanSize(size.own, 3), " (virtual ", HumanSize(size.all, 3), ")");
  }

  const Listing& listing_;
  const absl::Time now_;
  const SizeOf size_of_;
};

// Docker's fields, and below them those that the original's records have.
Json JsonOf(const Found& found, const std::vector<Column>& columns, const Row& row, bool sizes) {
  Json json = Json::object();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == "Size" && !sizes) continue;
    json[std::string(columns[i].name)] = row.cells[i];
  }
  const bool running = found.running();
  json["Pid"] = running ? found.state.init.pid : 0;
  json["ExitCode"] = HasExitCode(found) ? Json(found.state.exit_code) : Json();
  json["name"] = found.name;
  json["rootfs"] = ImageText(found);
  json["status"] = container::NameOf(found.status);
  json["pid"] = json["Pid"];
  json["watcher_pid"] = running ? found.state.monitor.pid : 0;
  json["started_at"] = found.state.started_at;
  json["exit_code"] = json["ExitCode"];
  json["oom_killed"] = found.state.out_of_memory;
  json["command"] = CommandOf(found.record.spec, found.record.image);
  Json addresses = Json::object();
  const std::vector<std::string> networks = NetworkNames(found);
  for (size_t i = 0; running && i < networks.size() && i < found.state.addresses.size(); ++i) {
    addresses[networks[i]] = found.state.addresses[i];
  }
  json["bridge_ip"] = addresses.empty() ? Json() : addresses.front();
  json["network_ips"] = std::move(addresses);
  json["health"] = found.health.empty() ? "none" : found.health;
  json["labels"] = found.record.spec.lifecycle.labels;
  return json;
}

// How many of the last ones, or none: nullopt.
absl::StatusOr<std::optional<size_t>> Limit(const Arguments& args) {
  if (args.has("latest")) return std::optional<size_t>(1);
  if (!args.has("last")) return std::optional<size_t>();
  size_t last = 0;
  if (!absl::SimpleAtoi(args.value("last"), &last) || last == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--last: '", args.value("last"), "': expected a number, at least 1"));
  }
  return std::optional<size_t>(last);
}

int RunPs(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("ps: unexpected argument '", args.positionals()[0],
                             "'; for one container: ps --filter name=NAME, or inspect"),
                kUsage);
  }
  // What is wrong with the flags is so whatever containers there are.
  const SizeOf no_size = [](const Found&) { return ContainerSize(); };
  if (const auto text = PsText({}, args, absl::Now(), no_size);
      !text.ok() && !absl::IsNotFound(text.status())) {
    return Fail(absl::StrCat("ps: ", text.status().message()), kUsage);
  }
  const auto all = InventoryOf(context).List();
  if (!all.ok()) return Fail(all.status());
  SizeReader sizes(context.roots);
  const SizeOf size_of = [&sizes](const Found& found) { return sizes.Of(found); };
  const auto text = PsText(*all, args, absl::Now(), size_of);
  if (!text.ok()) return Fail(absl::StrCat("ps: ", text.status().message()));
  std::cout << *text;
  return kDone;
}

}  // namespace

absl::StatusOr<std::string> PsText(const std::vector<Found>& all, const Arguments& args,
                                   absl::Time now, const SizeOf& size_of) {
  const std::vector<Column> columns = Columns(args.has("size"));
  PELAGOS_ASSIGN_OR_RETURN(Listing listing, Listing::From(args, columns, {.quiet = "ID"}));
  PELAGOS_ASSIGN_OR_RETURN(const Filters filters, Filters::From(args, PsFilterKeys()));
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<size_t> limit, Limit(args));
  PELAGOS_ASSIGN_OR_RETURN(const auto wanted, PsFilter(filters, all));
  const bool everything = args.has("all") || limit || AsksForAll(filters);
  const bool sizes = args.has("size");
  const SizeOf none = [](const Found&) { return ContainerSize(); };
  const Shower shower(listing, now, listing.json() && !sizes ? none : size_of);
  size_t shown = 0;
  for (size_t i = 0; i < all.size() && (!limit || shown < *limit); ++i) {
    const Found& found = all[i];
    const bool alive = found.running() || found.status == container::Status::kRestarting;
    if ((!alive && !everything) || !wanted(i)) continue;
    Row row = shower.RowOf(found);
    if (listing.json()) row.json = JsonOf(found, columns, row, sizes);
    listing.Add(std::move(row));
    ++shown;
  }
  return listing.Text();
}

std::vector<Command> PsCommands() {
  return {{.name = "ps",
           .usage = "[FLAGS]",
           .summary = "List containers: those that run, or all.",
           .example = "pelagos ps -a --filter status=exited --format ID,Names,Status",
           .flags = {{"all", 'a', "", "also those that do not run"},
                     kFilterFlag,
                     kFormatFlag,
                     kJsonFlag,
                     kLastFlag,
                     kLatestFlag,
                     kNoTruncFlag,
                     {"quiet", 'q', "", "only the ids, a line each"},
                     {"size", 's', "", "what each has written, and with its image, on the disk"}},
           .run = RunPs}};
}

}  // namespace pelagos::cli
