#include "pelagos/net/record.h"

#include "absl/status/status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/record_json.h"

namespace pelagos::net {

using internal::Json;

std::string ToJson(const NetworkRecord& record) {
  Json json = {{"name", record.name},
               {"project", record.project},
               {"driver", std::string(NameOf(record.driver))},
               {"subnet", sys::ToString(record.subnet)},
               {"gateway", sys::ToString(record.gateway)},
               {"bridge", record.bridge}};
  if (record.subnet6) json["subnet6"] = sys::ToString(*record.subnet6);
  if (!record.parent.empty()) json["parent"] = record.parent;
  if (record.mtu != 0) json["mtu"] = record.mtu;
  if (record.internal) json["internal"] = true;
  if (record.nat66) json["nat66"] = true;
  if (!record.servers.empty()) json["servers"] = record.servers;
  for (const auto& [key, value] : record.labels) json["labels"].push_back({key, value});
  if (!record.created.empty()) json["created"] = record.created;
  return internal::Print(json);
}

std::string ToJson(const HostRecord& record) {
  Json json = Json::object();
  if (record.ip_forward) json["ip_forward"] = *record.ip_forward;
  if (!record.ipv6_conf.empty()) json["ipv6_conf"] = record.ipv6_conf;
  return internal::Print(json);
}

absl::StatusOr<NetworkRecord> ParseNetworkRecord(absl::string_view text) {
  return internal::Parse<NetworkRecord>(
      text, "network", [](const Json& json, NetworkRecord& record) {
        record.name = json.at("name").get<std::string>();
        record.project = json.at("project").get<std::string>();
        record.bridge = json.at("bridge").get<std::string>();
        PELAGOS_RETURN_IF_ERROR(internal::ReadDriver(json, record.driver));
        PELAGOS_ASSIGN_OR_RETURN(record.subnet,
                                 sys::ParseSubnet(json.at("subnet").get<std::string>()));
        PELAGOS_ASSIGN_OR_RETURN(record.gateway,
                                 sys::ParseIpv4(json.at("gateway").get<std::string>()));
        if (json.contains("subnet6")) {
          PELAGOS_ASSIGN_OR_RETURN(record.subnet6,
                                   sys::ParseSubnet6(json.at("subnet6").get<std::string>()));
        }
        record.parent = json.value("parent", "");
        record.mtu = json.value("mtu", 0);
        record.internal = json.value("internal", false);
        record.nat66 = json.value("nat66", false);
        record.servers = json.value("servers", std::vector<std::string>());
        record.labels = json.value("labels", decltype(record.labels)());
        record.created = json.value("created", "");
        return absl::OkStatus();
      });
}

absl::StatusOr<HostRecord> ParseHostRecord(absl::string_view text) {
  return internal::Parse<HostRecord>(text, "host", [](const Json& json, HostRecord& record) {
    if (json.contains("ip_forward")) record.ip_forward = json.at("ip_forward").get<std::string>();
    record.ipv6_conf = json.value("ipv6_conf", decltype(record.ipv6_conf)());
    return absl::OkStatus();
  });
}

}  // namespace pelagos::net
