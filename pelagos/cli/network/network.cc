#include "pelagos/cli/network/network.h"

#include <iostream>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/confirm.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/cli/engine/open_engine.h"
#include "pelagos/cli/listing.h"
#include "pelagos/cli/network/create.h"
#include "pelagos/cli/network/prune.h"
#include "pelagos/cli/network/view.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/networking.h"
#include "pelagos/container/with_names.h"
#include "pelagos/net/networks.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

int Unexpected(absl::string_view command, const std::string& word) {
  return Fail(absl::StrCat("network ", command, ": unexpected argument '", word, "'"), kUsage);
}

const std::vector<Column>& Columns() {
  static const std::vector<Column> columns = {{"Name", "NAME"},
                                              {"Driver", "DRIVER"},
                                              {"Subnet", "SUBNET"},
                                              {"Gateway", "GATEWAY"},
                                              {"Subnet6", "IPV6", false},
                                              {"Bridge", "BRIDGE", false},
                                              {"Internal", "INTERNAL", false},
                                              {"Labels", "LABELS", false},
                                              {"Project", "PROJECT", false},
                                              {"CreatedAt", "CREATED AT", false},
                                              {"Containers", "CONTAINERS"},
                                              {"Up", "UP", false}};
  return columns;
}

using Labels = std::map<std::string, std::string>;

Labels LabelsOf(const net::NetworkRecord& record) {
  return Labels(record.labels.begin(), record.labels.end());
}

bool Fits(const Filters& filters, const NetworkView& view, bool used) {
  const net::NetworkRecord& record = view.record;
  const Labels labels = LabelsOf(record);
  const auto has = [&](const std::string& wanted) { return HasLabel(labels, wanted); };
  return filters.Any("name",
                     [&](const std::string& part) {
                       return record.name.find(part) != std::string::npos;
                     }) &&
         filters.Any("driver",
                     [&](const std::string& driver) { return driver == NameOf(record.driver); }) &&
         filters.All("label", has) && filters.Any("dangling", [&](const std::string& wanted) {
           return (wanted == "true" || wanted == "1") == !used;
         });
}

// How many containers are in each network.
std::map<std::string, size_t> Count(const std::vector<net::Endpoint>& endpoints) {
  std::map<std::string, size_t> counts;
  for (const net::Endpoint& endpoint : endpoints) {
    for (const net::Interface& inside : endpoint.interfaces) ++counts[inside.network];
  }
  return counts;
}

int List(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) return Unexpected("ls", args.positionals()[0]);
  absl::StatusOr<Listing> listing = Listing::From(args, Columns(), {.quiet = "Name"});
  if (!listing.ok()) return Fail(absl::StrCat("network ls: ", listing.status().message()), kUsage);
  const auto filters = Filters::From(args, {"name", "driver", "label", "dangling"});
  if (!filters.ok()) return Fail(absl::StrCat("network ls: ", filters.status().message()), kUsage);
  const auto views = ListNetworks(context.roots);
  if (!views.ok()) return Fail(views.status());
  const auto endpoints = ListEndpoints(context.roots);
  if (!endpoints.ok()) return Fail(endpoints.status());
  std::map<std::string, size_t> counts = Count(*endpoints);
  for (const NetworkView& view : *views) {
    const net::NetworkRecord& record = view.record;
    const size_t count = counts[record.name];
    if (!Fits(*filters, view, count > 0)) continue;
    Row row;
    if (listing->json()) row.json = NetworkJson(context.roots, view, *endpoints);
    row.cells = {record.name,
                 std::string(NameOf(record.driver)),
                 sys::ToString(record.subnet),
                 sys::ToString(record.gateway),
                 record.subnet6 ? sys::ToString(*record.subnet6) : "",
                 record.bridge,
                 record.internal ? "true" : "false",
                 LabelText(LabelsOf(record)),
                 record.project,
                 record.created,
                 absl::StrCat(count),
                 view.up ? "true" : "false"};
    listing->Add(std::move(row));
  }
  std::cout << listing->Text();
  return kDone;
}

int Inspect(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) {
    return Fail("network inspect: expected the names of networks", kUsage);
  }
  const auto endpoints = ListEndpoints(context.roots);
  if (!endpoints.ok()) return Fail(endpoints.status());
  Json rows = Json::array();
  int code = kDone;
  for (const std::string& name : args.positionals()) {
    const absl::StatusOr<NetworkView> view = FindNetwork(context.roots, name);
    if (view.ok()) {
      rows.push_back(NetworkJson(context.roots, *view, *endpoints));
    } else {
      code = Fail(view.status());
    }
  }
  std::cout << rows.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  return code;
}

absl::Status RemoveOne(container::Engine& engine, const std::string& name, bool force) {
  PELAGOS_ASSIGN_OR_RETURN(const NetworkView view, FindNetwork(engine.roots(), name));
  if (!view.record.project.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("network '", name, "' belongs to project '",
                                                      view.record.project,
                                                      "'; 'pelagos compose down' removes it"));
  }
  PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, engine.networks());
  if (view.record.created.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("network '", name, "' goes with its last container"));
  }
  if (force) {
    // As Podman has it: whoever is in it leaves it.
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<net::Endpoint> endpoints, networks->Endpoints());
    const container::Inventory inventory(engine.roots());
    for (const net::Endpoint& endpoint : endpoints) {
      for (const net::Interface& inside : endpoint.interfaces) {
        if (inside.network != name) continue;
        PELAGOS_ASSIGN_OR_RETURN(const container::Found found,
                                 inventory.Find(endpoint.container_id));
        PELAGOS_RETURN_IF_ERROR(container::DisconnectNetwork(engine, found, name));
      }
    }
  }
  const absl::Status removed = container::WithNames(engine.roots(), networks->Undefine(name));
  if (!absl::IsFailedPrecondition(removed)) return removed;
  return absl::FailedPreconditionError(
      absl::StrCat(removed.message(), "; stop them, or 'pelagos network disconnect' them first"));
}

int Remove(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) return Fail("network rm: expected the names of networks", kUsage);
  const auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  int code = kDone;
  for (const std::string& name : args.positionals()) {
    const absl::Status removed = RemoveOne(**engine, name, args.has("force"));
    // As Docker has it: what is gone is gone.
    const bool fine = args.has("force") && absl::IsNotFound(removed);
    if (removed.ok()) {
      std::cout << name << "\n";
    } else if (!fine) {
      code = Fail(removed);
    }
  }
  return code;
}

int Prune(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) return Unexpected("prune", args.positionals()[0]);
  if (!args.has("force")) {
    const absl::Status confirmed = Confirm("This removes all networks that no container asks for.");
    if (!confirmed.ok()) return Fail(absl::StrCat("network prune: ", confirmed.message()));
  }
  const auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const auto pruned = PruneNetworks(**engine);
  if (!pruned.ok()) return Fail(pruned.status());
  if (!pruned->empty()) std::cout << "Deleted Networks:\n" << absl::StrJoin(*pruned, "\n") << "\n";
  return kDone;
}

int Connect(const Context& context, const Arguments& args) {
  const std::vector<std::string>& words = args.positionals();
  if (words.size() != 2) return Fail("network connect: expected NETWORK and CONTAINER", kUsage);
  const auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const auto found = InventoryOf(context).Find(words[1]);
  if (!found.ok()) return Fail(absl::StrCat("network connect: ", found.status().message()));
  Attachment attachment{words[0], args.values("alias")};
  attachment.address = args.value("ip");
  attachment.address6 = ParseHostAddress(args.value("ip6")).value_or(args.value("ip6"));
  attachment.mac = args.value("mac-address");
  const absl::Status done = container::ConnectNetwork(**engine, *found, std::move(attachment));
  return done.ok() ? kDone : Fail(absl::StrCat("network connect: ", done.message()));
}

int Disconnect(const Context& context, const Arguments& args) {
  const std::vector<std::string>& words = args.positionals();
  if (words.size() != 2) return Fail("network disconnect: expected NETWORK and CONTAINER", kUsage);
  const auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const auto found = InventoryOf(context).Find(words[1]);
  if (!found.ok()) return Fail(absl::StrCat("network disconnect: ", found.status().message()));
  const absl::Status done = container::DisconnectNetwork(**engine, *found, words[0]);
  return done.ok() ? kDone : Fail(absl::StrCat("network disconnect: ", done.message()));
}

}  // namespace

std::vector<Command> NetworkCommands() {
  return {
      NetworkCreateRow(),
      {"network ls",
       "[--filter KEY=VALUE]... [-q] [--format FORMAT]",
       "List networks: those that were made by name, and those that are in use.",
       "pelagos network ls --filter driver=bridge",
       {{"filter", 'f', "KEY=VALUE",
         "name (a part), driver, label, dangling=true|false: without or with containers"},
        kQuietFlag,
        kFormatFlag,
        kJsonFlag},
       false,
       List},
      {"network inspect",
       "NAME...",
       "Show what is known of networks, as JSON: subnets, options, who is in them.",
       "pelagos network inspect front",
       {{"format", 0, "json", "the only format"}},
       false,
       Inspect},
      {"network rm",
       "[--force] NAME...",
       "Remove networks that nobody is in.",
       "pelagos network rm front",
       {{"force", 'f', "",
         "whoever is in them leaves; and no error where there is no such network"}},
       false,
       Remove},
      {"network prune",
       "[--force]",
       "Remove the networks that no container and no project asks for.",
       "pelagos network prune --force",
       {{"force", 'f', "", "do not ask"}},
       false,
       Prune},
      {"network connect",
       "[--alias NAME]... [--ip ADDRESS] [--ip6 ADDRESS] NETWORK CONTAINER",
       "Give a container an interface in one more network, also while it runs.",
       "pelagos network connect --alias db back web",
       {{"alias", 0, "NAME", "one more name under which it is found there; may be repeated"},
        {"ip", 0, "ADDRESS", "its IPv4 address there"},
        {"ip6", 0, "ADDRESS", "its IPv6 address there"},
        {"mac-address", 0, "MAC", "its Ethernet address there"}},
       false,
       Connect},
      {"network disconnect",
       "NETWORK CONTAINER",
       "Take a container out of a network, also while it runs.",
       "pelagos network disconnect back web",
       {{"force", 'f', "", "the same: it is always done at once"}},
       false,
       Disconnect},
  };
}

}  // namespace pelagos::cli
