#include "pelagos/cli/network/view.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/base/suggest.h"
#include "pelagos/container/with_names.h"
#include "pelagos/net/run_files.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

net::RunFiles FilesOf(const store::Roots& roots) {
  return net::RunFiles(roots.run, absl::StrCat(roots.data, "/networks"));
}

Json ContainersOf(const store::Roots& roots, const std::string& network,
                  const std::vector<net::Endpoint>& endpoints) {
  Json containers = Json::object();
  for (const net::Endpoint& endpoint : endpoints) {
    for (const net::Interface& inside : endpoint.interfaces) {
      if (inside.network != network) continue;
      Json json = {{"Name", container::CalledName(roots, endpoint.container_id)},
                   {"Interface", inside.name},
                   {"MacAddress", inside.mac.empty() ? "" : sys::MacText(inside.mac)},
                   {"IPv4Address", absl::StrCat(sys::ToString(inside.address), "/", inside.prefix)},
                   {"IPv6Address", inside.address6 ? absl::StrCat(sys::ToString(*inside.address6),
                                                                  "/", inside.prefix6)
                                                   : ""},
                   {"Names", inside.names}};
      containers[endpoint.container_id] = std::move(json);
    }
  }
  return containers;
}

}  // namespace

absl::StatusOr<std::vector<NetworkView>> ListNetworks(const store::Roots& roots) {
  const net::RunFiles files = FilesOf(roots);
  std::vector<NetworkView> views;
  PELAGOS_ASSIGN_OR_RETURN(std::vector<net::NetworkRecord> there, files.LoadNetworks());
  for (net::NetworkRecord& record : there) views.push_back({std::move(record), true});
  PELAGOS_ASSIGN_OR_RETURN(std::vector<net::NetworkRecord> defined, files.LoadDefinitions());
  for (net::NetworkRecord& record : defined) {
    const bool up = std::any_of(views.begin(), views.end(), [&](const NetworkView& view) {
      return view.record.name == record.name;
    });
    if (!up) views.push_back({std::move(record), false});
  }
  std::sort(views.begin(), views.end(), [](const NetworkView& a, const NetworkView& b) {
    return a.record.name < b.record.name;
  });
  return views;
}

absl::StatusOr<NetworkView> FindNetwork(const store::Roots& roots, const std::string& name) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NetworkView> views, ListNetworks(roots));
  std::vector<absl::string_view> names;
  for (const NetworkView& view : views) {
    if (view.record.name == name) return view;
    names.push_back(view.record.name);
  }
  const std::string near = Suggest(name, names);
  return absl::NotFoundError(absl::StrCat(
      "no network is named '", name, "'",
      near.empty() ? "; see 'pelagos network ls'" : absl::StrCat("; did you mean '", near, "'?")));
}

absl::StatusOr<std::vector<net::Endpoint>> ListEndpoints(const store::Roots& roots) {
  return FilesOf(roots).LoadEndpoints();
}

Json NetworkJson(const store::Roots& roots, const NetworkView& view,
                 const std::vector<net::Endpoint>& endpoints) {
  const net::NetworkRecord& record = view.record;
  Json config = Json::array();
  config.push_back(
      {{"Subnet", sys::ToString(record.subnet)}, {"Gateway", sys::ToString(record.gateway)}});
  if (record.subnet6) {
    config.push_back({{"Subnet", sys::ToString(*record.subnet6)},
                      {"Gateway", sys::ToString(record.gateway6())}});
  }
  Json options = Json::object(), labels = Json::object();
  if (!record.bridge.empty()) options["bridge"] = record.bridge;
  if (!record.parent.empty()) options["parent"] = record.parent;
  if (record.mtu != 0) options["mtu"] = absl::StrCat(record.mtu);
  if (record.nat66) options["nat66"] = "true";
  for (const auto& [key, value] : record.labels) labels[key] = value;
  return {{"Name", record.name},
          {"Created", record.created},
          {"Scope", "local"},
          {"Driver", std::string(NameOf(record.driver))},
          {"EnableIPv4", true},
          {"EnableIPv6", record.subnet6.has_value()},
          {"IPAM", {{"Driver", "default"}, {"Config", std::move(config)}}},
          {"Internal", record.internal},
          {"Containers", ContainersOf(roots, record.name, endpoints)},
          {"Options", std::move(options)},
          {"Labels", std::move(labels)},
          {"Servers", record.servers},
          {"Project", record.project},
          {"Up", view.up},
          {"name", record.name},
          {"subnet", sys::ToString(record.subnet)},
          {"gateway", sys::ToString(record.gateway)},
          {"bridge_name", record.bridge}};
}

}  // namespace pelagos::cli
