// ToJson and ParseEndpoint of endpoint.h.

#include "absl/strings/escaping.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/net/record_json.h"

namespace pelagos::net {
namespace {

using internal::Json;

Json Write(const Interface& interface) {
  Json json = {{"name", interface.name},
               {"network", interface.network},
               {"driver", std::string(NameOf(interface.driver))},
               {"address", sys::ToString(interface.address)},
               {"prefix", interface.prefix},
               {"gateway", sys::ToString(interface.gateway)},
               {"names", interface.names}};
  if (interface.address6) {
    json["address6"] = sys::ToString(*interface.address6);
    json["prefix6"] = interface.prefix6;
    json["gateway6"] = sys::ToString(interface.gateway6);
  }
  if (!interface.mac.empty()) json["mac"] = absl::BytesToHexString(interface.mac);
  if (!interface.host_link.empty()) json["hostLink"] = interface.host_link;
  if (interface.internal) json["internal"] = true;
  return json;
}

absl::Status Read(const Json& json, Interface& interface) {
  interface.name = json.at("name").get<std::string>();
  interface.network = json.at("network").get<std::string>();
  PELAGOS_RETURN_IF_ERROR(internal::ReadDriver(json, interface.driver));
  PELAGOS_ASSIGN_OR_RETURN(interface.address,
                           sys::ParseIpv4(json.at("address").get<std::string>()));
  PELAGOS_ASSIGN_OR_RETURN(interface.gateway,
                           sys::ParseIpv4(json.at("gateway").get<std::string>()));
  interface.prefix = json.at("prefix").get<int>();
  interface.names = json.at("names").get<std::vector<std::string>>();
  if (json.contains("address6")) {
    PELAGOS_ASSIGN_OR_RETURN(interface.address6,
                             sys::ParseIpv6(json.at("address6").get<std::string>()));
    PELAGOS_ASSIGN_OR_RETURN(interface.gateway6,
                             sys::ParseIpv6(json.at("gateway6").get<std::string>()));
    interface.prefix6 = json.at("prefix6").get<int>();
  }
  interface.mac = absl::HexStringToBytes(json.value("mac", ""));
  interface.host_link = json.value("hostLink", "");
  interface.internal = json.value("internal", false);
  return absl::OkStatus();
}

absl::Status Read(const Json& json, PortMapping& port) {
  port.host_address = json.at("address").get<std::string>();
  if (ParseHostAddress(port.host_address) != port.host_address) {
    return absl::DataLossError(absl::StrCat("'", port.host_address, "' is no address"));
  }
  port.host = json.at("host").get<uint16_t>();
  port.inside = json.at("inside").get<uint16_t>();
  return internal::ReadNamed(json, "protocol", FindProtocol, port.protocol);
}

}  // namespace

std::string ToJson(const Endpoint& endpoint) {
  Json interfaces = Json::array(), ports = Json::array();
  for (const Interface& interface : endpoint.interfaces) interfaces.push_back(Write(interface));
  for (const PortMapping& port : endpoint.ports) {
    ports.push_back({{"address", port.host_address},
                     {"host", port.host},
                     {"inside", port.inside},
                     {"protocol", std::string(NameOf(port.protocol))}});
  }
  Json json = {{"id", endpoint.container_id},
               {"mode", std::string(NameOf(endpoint.mode))},
               {"interfaces", std::move(interfaces)},
               {"ports", std::move(ports)}};
  if (!endpoint.dns.empty()) {
    json["dns"] = {{"servers", endpoint.dns.servers},
                   {"searches", endpoint.dns.searches},
                   {"options", endpoint.dns.options}};
  }
  if (!endpoint.unsettled.empty()) json["unsettled"] = endpoint.unsettled;
  return internal::Print(json);
}

absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text) {
  return internal::Parse<Endpoint>(text, "endpoint", [](const Json& json, Endpoint& endpoint) {
    endpoint.container_id = json.at("id").get<std::string>();
    PELAGOS_RETURN_IF_ERROR(internal::ReadNamed(json, "mode", FindNetMode, endpoint.mode));
    for (const Json& item : json.at("interfaces")) {
      PELAGOS_RETURN_IF_ERROR(Read(item, endpoint.interfaces.emplace_back()));
    }
    for (const Json& item : json.at("ports")) {
      PELAGOS_RETURN_IF_ERROR(Read(item, endpoint.ports.emplace_back()));
    }
    endpoint.unsettled = json.value("unsettled", "");
    if (json.contains("dns")) {
      const Json& dns = json.at("dns");
      endpoint.dns = {dns.at("servers").get<std::vector<std::string>>(),
                      dns.at("searches").get<std::vector<std::string>>(),
                      dns.at("options").get<std::vector<std::string>>()};
    }
    return absl::OkStatus();
  });
}

}  // namespace pelagos::net
